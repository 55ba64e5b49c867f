import type { MutableJson } from '../kind-model.ts';
import { isEmpty, struct, type DefaultsByKind } from './access.ts';
import { setQuantityForm } from './resource-list.ts';

/** @see kubernetes v1.36 pkg/apis/storage/v1/defaults.go */
export const defaults: DefaultsByKind = {
  CSIDriver: setCsiDriverDefaults,
  CSIStorageCapacity(capacity) {
    setQuantityForm(capacity, 'capacity');
    setQuantityForm(capacity, 'maximumVolumeSize');
  },
  StorageClass(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
};

function setCsiDriverDefaults(driver: MutableJson): void {
  const spec = struct(driver, 'spec');
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if (isEmpty(spec.volumeLifecycleModes)) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}
