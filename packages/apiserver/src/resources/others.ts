import { deepEqual, type MutableJson } from '@kybern/core';
import type { PodTemplate } from '@kybern/core/kinds';
import type { Strategy, WriteContext } from '../strategy.ts';
import { IMMUTABLE, invalidValue, required } from '../validation/field-errors.ts';
import { validatePodTemplate } from '../validation/pod-template.ts';

/** PodTemplates. */
export const podTemplateStrategy: Strategy = {
  generation: true,
  validate({ template }: PodTemplate, errors) {
    if (template !== undefined) validatePodTemplate(template, 'template', errors);
  },
};

/** CertificateSigningRequests: who asks is written down by the server. @see kubernetes v1.36 pkg/registry/certificates/certificates/strategy.go */
export const certificateSigningRequestStrategy: Strategy = {
  selectableFields: { 'spec.signerName': ({ spec }) => spec?.signerName ?? '' },
  prepareForCreate(object, { request: { user } }: WriteContext) {
    if (typeof object.spec !== 'object' || object.spec === null) return;
    const { username, uid, groups, extra } = user;
    object.spec = { ...object.spec, username, ...defined({ uid, groups, extra }) };
  },
  validate({ spec }, errors) {
    for (const name of ['request', 'signerName'] as const) if ((spec[name] ?? '') === '') errors.push(required(`spec.${name}`));
    if ((spec.usages ?? []).length === 0) errors.push(required('spec.usages'));
    if (spec.expirationSeconds !== undefined && spec.expirationSeconds < 600)
      errors.push(invalidValue('spec.expirationSeconds', spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.spec, old.spec)) errors.push(invalidValue('spec', '', IMMUTABLE));
  },
};

function defined(fields: Readonly<Record<string, unknown>>): MutableJson {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
