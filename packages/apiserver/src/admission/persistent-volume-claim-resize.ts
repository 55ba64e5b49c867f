import type { PersistentVolumeClaim } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import { compareQuantityTexts } from '../validation/quantities.ts';
import type { AdmissionPlugin } from './admission.ts';

/**
 * Lets only those claims grow that are bound, and whose StorageClass says that its volumes may.
 *
 * @see kubernetes v1.36 plugin/pkg/admission/storage/persistentvolume/resize/admission.go
 */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  handles: ({ kind }, operation, subresource) =>
    kind.plural === 'persistentvolumeclaims' && kind.group === '' && subresource === undefined && operation === 'UPDATE',
  validate(attributes) {
    const { env, object, oldObject } = attributes;
    const [claim, old] = [object as PersistentVolumeClaim, oldObject as PersistentVolumeClaim];
    if (compareQuantityTexts(sizeOf(claim), sizeOf(old)) <= 0) return;
    if (old.status?.phase !== 'Bound') throw forbidden(attributes, 'only bound persistent volume claims can be expanded');
    const [name, oldName] = [claim.spec.storageClassName ?? '', old.spec.storageClassName ?? ''];
    const storageClass = env.tables.storageClasses.list('').find(({ metadata }) => metadata.name === name);
    if (name === '' || name !== oldName || storageClass?.allowVolumeExpansion !== true)
      throw forbidden(attributes, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
  },
};

const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec.resources?.requests?.['storage'] ?? '0';
