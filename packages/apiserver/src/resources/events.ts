import type { MutableJson } from '@kybern/core';
import type { FieldReader, Strategy } from '../strategy.ts';
import { invalidValue } from '../validation/field-errors.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const involved =
  (name: string): FieldReader =>
  (object: MutableJson) =>
    text((object.involvedObject ?? object.regarding)?.[name]);

const PARTS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
/** The fields of what an Event is about, as one API group calls them. */
const aboutFields = (prefix: string): Readonly<Record<string, FieldReader>> => Object.fromEntries(PARTS.map((name) => [`${prefix}.${name}`, involved(name)]));
const reason: FieldReader = (object) => text(object.reason);
const type: FieldReader = (object) => text(object.type);
const component: FieldReader = (object) => text(object.reportingComponent ?? object.reportingController);

/** Events of the group without a name. @see kubernetes v1.36 pkg/registry/core/event/strategy.go (ToSelectableFields), pkg/apis/core/v1/conversion.go */
export const eventStrategy: Strategy = {
  createOnUpdate: true,
  selectableFields: {
    ...aboutFields('involvedObject'),
    reason,
    reportingComponent: component,
    source: (object) => text(object.source?.component ?? object.deprecatedSource?.component) || component(object),
    type,
  },
  validate({ metadata, involvedObject }, errors) {
    // An Event about an object without namespace lives in `default` or `kube-system`.
    const namespace = text(involvedObject?.namespace);
    if (involvedObject === undefined) return;
    const fits = namespace === '' ? metadata.namespace === 'default' || metadata.namespace === 'kube-system' : namespace === metadata.namespace;
    if (!fits) errors.push(invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace'));
  },
};

/** Events of `events.k8s.io`, whose fields have other names. @see kubernetes v1.36 pkg/apis/events/v1/conversion.go (AddFieldLabelConversionsForEvent) */
export const newEventStrategy: Strategy = {
  ...eventStrategy,
  selectableFields: { ...aboutFields('regarding'), reason, reportingController: component, type },
};
