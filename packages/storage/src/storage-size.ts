import { quantityToBytes } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';

/** How much storage a claim asks for, in bytes. */
export function storageRequest({ spec }: PersistentVolumeClaim): number {
  return quantityToBytes(spec.resources?.requests?.['storage'] ?? '0');
}

/** How large a volume is, in bytes. */
export function storageCapacity({ spec }: PersistentVolume): number {
  return quantityToBytes(spec.capacity?.['storage'] ?? '0');
}
