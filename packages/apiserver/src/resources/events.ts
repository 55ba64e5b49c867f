import type { MutableJson } from '@kybern/core';
import type { FieldReader, Strategy } from '../strategy.ts';
import { invalidValue } from '../validation/field-errors.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const involved =
  (name: string): FieldReader =>
  (object: MutableJson) =>
    text((object.involvedObject ?? object.regarding)?.[name]);

/** Events, as both API groups show them. @see kubernetes v1.36 pkg/registry/core/event/strategy.go (ToSelectableFields) */
export const eventStrategy: Strategy = {
  createOnUpdate: true,
  selectableFields: {
    'involvedObject.kind': involved('kind'),
    'involvedObject.namespace': involved('namespace'),
    'involvedObject.name': involved('name'),
    'involvedObject.uid': involved('uid'),
    'involvedObject.apiVersion': involved('apiVersion'),
    'involvedObject.resourceVersion': involved('resourceVersion'),
    'involvedObject.fieldPath': involved('fieldPath'),
    reason: ({ reason }) => text(reason),
    reportingComponent: (object) => text(object.reportingComponent ?? object.reportingController),
    source: (object) => text(object.source?.component ?? object.deprecatedSource?.component) || text(object.reportingComponent ?? object.reportingController),
    type: ({ type }) => text(type),
  },
  validate({ metadata, involvedObject }, errors) {
    // An Event about an object without namespace lives in `default` or `kube-system`.
    const namespace = text(involvedObject?.namespace);
    if (involvedObject === undefined) return;
    const fits = namespace === '' ? metadata.namespace === 'default' || metadata.namespace === 'kube-system' : namespace === metadata.namespace;
    if (!fits) errors.push(invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace'));
  },
};
