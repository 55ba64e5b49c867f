import type { Strategy } from '../strategy.ts';

/** Namespaces: held by `spec.finalizers` until the namespace controller has emptied them. @see kubernetes v1.36 pkg/registry/core/namespace */
export const namespaceStrategy: Strategy = {
  selectableFields: { 'status.phase': (object) => object.status?.phase ?? '' },
  prepareForCreate(object) {
    object.status = { phase: 'Active' };
    const finalizers: string[] = object.spec?.finalizers ?? [];
    object.spec = { ...object.spec, finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] };
  },
  prepareForUpdate(object, old) {
    object.spec = { ...object.spec, finalizers: old.spec?.finalizers };
  },
  prepareForDelete(object) {
    object.status = { ...object.status, phase: 'Terminating' };
  },
  isHeld: (object) => ((object as { spec?: { finalizers?: readonly string[] } }).spec?.finalizers?.length ?? 0) > 0,
};
