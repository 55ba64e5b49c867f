import type { StorageClass } from '@kybern/core/kinds';
import { DEFAULT_CLASS } from '../annotations.ts';

/** The StorageClass `standard`, which claims get that name none, served by a provisioner. */
export function standardClass(
  provisioner: string,
  fields: Partial<Pick<StorageClass, 'volumeBindingMode' | 'allowVolumeExpansion' | 'reclaimPolicy'>> = {},
): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { [DEFAULT_CLASS[0] as string]: 'true' } },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    allowVolumeExpansion: true,
    ...fields,
  };
}
