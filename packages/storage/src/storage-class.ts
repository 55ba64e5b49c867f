import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { DEFAULT_CLASS, STORAGE_CLASS } from './annotations.ts';

/** The storage class of a claim; empty: none. @see kubernetes v1.36 staging/src/k8s.io/component-helpers/storage/volume/helpers.go */
export function claimClass({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[STORAGE_CLASS] ?? spec.storageClassName ?? '';
}

/** The storage class of a volume; empty: none. */
export function volumeClass({ metadata, spec }: PersistentVolume): string {
  return metadata.annotations?.[STORAGE_CLASS] ?? spec.storageClassName ?? '';
}

/** Whether a claim leaves its class open. An empty name is no open class: it says that there is to be none. */
export function hasOpenClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return spec.storageClassName === undefined && metadata.annotations?.[STORAGE_CLASS] === undefined;
}

/** Whether claims of the class are bound only when a Pod needs them, where it goes. */
export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/**
 * The class of claims that name none. Of several that say that they are it the newest counts, and of those the first by name.
 *
 * @see kubernetes v1.36 pkg/volume/util/storageclass.go (GetDefaultClass)
 */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  let found: StorageClass | undefined;
  for (const each of classes) {
    if (isDefaultClass(each) && (found === undefined || isBefore(each, found))) found = each;
  }
  return found;
}

/** Whether the class says that it is the default. */
export function isDefaultClass({ metadata }: StorageClass): boolean {
  return DEFAULT_CLASS.some((name) => metadata.annotations?.[name] === 'true');
}

function isBefore(a: StorageClass, b: StorageClass): boolean {
  const [timeOfA = '', timeOfB = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return timeOfA === timeOfB ? a.metadata.name < b.metadata.name : timeOfA > timeOfB;
}
