import { deepEqual, type FieldError, type MutableJson } from '@kybern/core';
import type { PodTemplate } from '@kybern/core/kinds';
import type { Strategy, WriteContext } from '../strategy.ts';
import { duplicate, IMMUTABLE, invalidValue, required } from '../validation/field-errors.ts';
import { dns1123Label, dns1123Subdomain } from '../validation/names.ts';
import { validatePodTemplate } from '../validation/pod-template.ts';
import { validateSigningRequestStatus } from '../validation/signing-request-status.ts';

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
    if (!isCertificateRequest(spec.request ?? '')) errors.push(invalidValue('spec.request', spec.request ?? '', 'PEM block type must be CERTIFICATE REQUEST'));
    validateSignerName(spec.signerName ?? '', 'spec.signerName', errors);
    const usages: readonly string[] = spec.usages ?? [];
    if (usages.length === 0) errors.push(required('spec.usages'));
    usages.forEach((usage, i) => {
      if (usages.indexOf(usage) < i) errors.push(duplicate(`spec.usages[${String(i)}]`, usage));
    });
    if (spec.expirationSeconds !== undefined && spec.expirationSeconds < 600)
      errors.push(invalidValue('spec.expirationSeconds', spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  },
  validateUpdate(object, old, errors) {
    if (!deepEqual(object.spec, old.spec)) errors.push(invalidValue('spec', '', IMMUTABLE));
    validateSigningRequestStatus(object, old, { part: 'object', errors });
  },
  validateStatusUpdate: (object, old, errors) => validateSigningRequestStatus(object, old, { part: 'status', errors }),
};

/** Whether bytes in base64 are a PEM block of the right type, to begin with. */
function isCertificateRequest(base64: string): boolean {
  try {
    return /^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s[\s\S]*-----END (NEW )?CERTIFICATE REQUEST-----/.test(atob(base64));
  } catch {
    return false; // no base64 is no request either
  }
}

const DOMAIN_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** A signer is named by a domain and a path. @see kubernetes v1.36 pkg/apis/certificates/validation/validation.go (ValidateSignerName) */
function validateSignerName(name: string, field: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(required(field));
    return;
  }
  const slash = name.indexOf('/');
  if (slash < 0 || name.includes('/', slash + 1)) {
    errors.push(invalidValue(field, name, 'must be a fully qualified domain and path of the form "example.com/signer-name"'));
    return;
  }
  const [domain, path] = [name.slice(0, slash), name.slice(slash + 1)];
  const labels = domain.split('.');
  if (labels.length < 2) errors.push(invalidValue(field, domain, 'should be a domain with at least two segments separated by dots'));
  for (const label of labels) {
    if (!DOMAIN_LABEL.test(label) || label.length > 63) errors.push(invalidValue(field, label, dns1123Label(label, false)[0] ?? ''));
  }
  for (const problem of dns1123Subdomain(path, false)) errors.push(invalidValue(field, path, problem));
}

function defined(fields: Readonly<Record<string, unknown>>): MutableJson {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
