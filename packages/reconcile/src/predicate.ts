import { deepEqual, type KubernetesObject } from '@kybern/core';
import type { Predicate } from './controller.ts';

/**
 * Lets updates through that changed what is wanted, or began the deletion; not those that changed only the status or other metadata.
 *
 * @see controller-runtime v0.21 pkg/predicate/predicate.go (GenerationChangedPredicate)
 */
export function generationChanged<T extends KubernetesObject = KubernetesObject>(): Predicate<T> {
  return onUpdate((old, object) => {
    return old.metadata.generation !== object.metadata.generation || old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp;
  });
}

/** Lets updates through that changed labels. */
export function labelsChanged<T extends KubernetesObject = KubernetesObject>(): Predicate<T> {
  return onUpdate((old, object) => !deepEqual(old.metadata.labels, object.metadata.labels));
}

/** Lets updates through that changed annotations. */
export function annotationsChanged<T extends KubernetesObject = KubernetesObject>(): Predicate<T> {
  return onUpdate((old, object) => !deepEqual(old.metadata.annotations, object.metadata.annotations));
}

/** Lets through what any of `predicates` lets through. */
export function anyOf<T extends KubernetesObject = KubernetesObject>(...predicates: readonly Predicate<T>[]): Predicate<T> {
  return (event) => predicates.some((predicate) => predicate(event));
}

/** Lets through what `predicate` does not. */
export function not<T extends KubernetesObject = KubernetesObject>(predicate: Predicate<T>): Predicate<T> {
  return (event) => !predicate(event);
}

/** Additions and deletions always matter. */
function onUpdate<T extends KubernetesObject>(matters: (old: T, object: T) => boolean): Predicate<T> {
  return (event) => event.type !== 'updated' || matters(event.old, event.object);
}
