import { controllerOf, type Kind, type KubernetesObject } from '@kybern/core';
import type { CacheIndex, InformerEvent } from '@kybern/reconcile';

/** An index, by namespace, of the objects of a kind that nobody manages. */
export function orphanIndex<T extends KubernetesObject>(kind: Kind<T>, name: string): CacheIndex<T> {
  return { kind, name, by: (object) => (isOrphan(object) ? [object.metadata.namespace ?? ''] : []) };
}

/** Whether nobody manages the object. */
export const isOrphan = (object: KubernetesObject): boolean => controllerOf(object) === undefined;

/** Whether an event can give an object that nobody manages to somebody: it is new, or has other labels, or was released. */
export function concernsAdoption(event: InformerEvent<KubernetesObject>): boolean {
  if (event.type === 'deleted' || !isOrphan(event.object) || event.object.metadata.labels === undefined) return false;
  if (event.type === 'added') return true;
  return !isOrphan(event.old) || JSON.stringify(event.old.metadata.labels) !== JSON.stringify(event.object.metadata.labels);
}
