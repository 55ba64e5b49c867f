import type { Namespace } from '@kybern/core/kinds';
import type { Strategy } from '../strategy.ts';
import { forbiddenField } from '../validation/field-errors.ts';
import { dns1123Label } from '../validation/names.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Namespaces: held by `spec.finalizers` until the namespace controller has emptied them. @see kubernetes v1.36 pkg/registry/core/namespace */
export const namespaceStrategy: Strategy = {
  nameRule: dns1123Label,
  selectableFields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  prepareForCreate(object) {
    object.status = { phase: 'Active' };
    const given: unknown = object.spec?.finalizers;
    const finalizers = Array.isArray(given) ? given : [];
    object.spec = { ...object.spec, finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] };
    setNameLabel(object);
  },
  prepareForUpdate(object, old) {
    if (old.spec?.finalizers === undefined) delete object.spec?.finalizers;
    else object.spec = { ...object.spec, finalizers: old.spec.finalizers };
    setNameLabel(object);
  },
  validateStatusUpdate({ metadata, status }: Namespace, _old, errors) {
    const terminating = status?.phase === 'Terminating';
    if (metadata.deletionTimestamp === undefined && terminating)
      errors.push(forbiddenField('status.phase', "may only be 'Active' if `deletionTimestamp` is empty"));
    if (metadata.deletionTimestamp !== undefined && !terminating)
      errors.push(forbiddenField('status.phase', "may only be 'Terminating' if `deletionTimestamp` is not empty"));
  },
  prepareForDelete(object) {
    object.status = { ...object.status, phase: 'Terminating' };
    delete object.metadata.deletionGracePeriodSeconds;
  },
  isHeld: (object) => ((object as Namespace).spec?.finalizers?.length ?? 0) > 0,
};

/** The label by which selectors find a namespace by name. */
function setNameLabel({ metadata }: { metadata: { name?: unknown; labels?: Record<string, unknown> } }): void {
  if (typeof metadata.name === 'string') metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}
