import type { MutableJson } from '@kybern/core';
import type { AdmissionPlugin } from './admission.ts';

/** The finalizers of the controllers that let unused ones go, by plural. */
const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
};

/**
 * Keeps claims and volumes that are in use from being deleted: each gets a finalizer, which its protection controller takes away when nobody uses it.
 *
 * @see kubernetes v1.36 plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go
 */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: ({ kind }, operation, subresource) =>
    kind.group === '' && Object.hasOwn(FINALIZERS, kind.plural) && subresource === undefined && operation === 'CREATE',
  mutate({ kind, object }) {
    const { metadata } = object as MutableJson;
    const finalizer = FINALIZERS[kind.plural] as string;
    const present: readonly string[] = metadata.finalizers ?? [];
    if (!present.includes(finalizer)) metadata.finalizers = [...present, finalizer];
  },
};
