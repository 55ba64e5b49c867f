import type { KubernetesObject, MutableJson } from '@kybern/core';
import type { AdmissionPlugin } from './admission.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_ANNOTATIONS: readonly string[] = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** Gives claims that name no StorageClass the default one. @see kubernetes v1.36 plugin/pkg/admission/storage/storageclass/setdefault/admission.go */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  handles: ({ kind }, operation, subresource) =>
    kind.plural === 'persistentvolumeclaims' && kind.group === '' && subresource === undefined && operation === 'CREATE',
  mutate({ env, object }) {
    const { spec, metadata } = object as MutableJson;
    // An empty name is a name: no class at all.
    if (typeof spec !== 'object' || spec === null || spec.storageClassName !== undefined || metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const found = newestDefault(env.tables.storageClasses.list(''), DEFAULT_ANNOTATIONS);
    if (found !== undefined) spec.storageClassName = found.metadata.name;
  },
};

/** Of several objects that say that they are the default the newest counts, and of those the first by name. */
export function newestDefault<T extends KubernetesObject>(objects: readonly T[], annotations: readonly string[]): T | undefined {
  let found: T | undefined;
  for (const object of objects) {
    if (!annotations.some((name) => object.metadata.annotations?.[name] === 'true')) continue;
    if (found === undefined || isBefore(object, found)) found = object;
  }
  return found;
}

function isBefore(a: KubernetesObject, b: KubernetesObject): boolean {
  const [timeOfA = '', timeOfB = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return timeOfA === timeOfB ? a.metadata.name < b.metadata.name : timeOfA > timeOfB;
}
