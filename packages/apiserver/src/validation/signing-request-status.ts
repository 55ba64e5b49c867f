import { deepEqual, type FieldError } from '@kybern/core';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '@kybern/core/kinds';
import { duplicate, forbiddenField, invalidValue, notSupported, required } from './field-errors.ts';

/** Through what a CertificateSigningRequest is written: what may change depends on it. */
export type SigningRequestPart = 'object' | 'status' | 'approval';

const CONDITIONS = 'status.conditions';
const VERDICTS: readonly string[] = ['Approved', 'Denied'];
/** Conditions that are only ever true, and never taken back. */
const FINAL: readonly string[] = [...VERDICTS, 'Failed'];
const ONLY_TRUE: readonly string[] = ['True'];
const ANY_STATUS: readonly string[] = ['True', 'False', 'Unknown'];

/**
 * Checks how the status of a CertificateSigningRequest changes: verdicts come through `approval` alone and stay, a certificate comes through `status`, once.
 *
 * @see kubernetes v1.36 pkg/apis/certificates/validation/validation.go (validateCertificateSigningRequestUpdate)
 */
export function validateSigningRequestStatus(
  object: CertificateSigningRequest,
  old: CertificateSigningRequest,
  { part, errors }: { readonly part: SigningRequestPart; readonly errors: FieldError[] },
): void {
  const [now, before] = [object.status?.conditions ?? [], old.status?.conditions ?? []];
  if (now !== before) {
    validateConditions(now, before, errors);
    for (const type of FINAL) validateKept({ type, now, before }, part, errors);
  }
  const [certificate, issued] = [object.status?.certificate ?? '', old.status?.certificate ?? ''];
  if (certificate === issued) return;
  if (part !== 'status') errors.push(forbiddenField('status.certificate', 'updates may not set certificate content'));
  else if (issued !== '') errors.push(forbiddenField('status.certificate', 'updates may not modify existing certificate content'));
}

type Conditions = readonly CertificateSigningRequestCondition[];

function validateConditions(now: Conditions, before: Conditions, errors: FieldError[]): void {
  const seen = new Set<string>();
  const wasBoth = VERDICTS.every((verdict) => before.some(({ type }) => type === verdict));
  now.forEach(({ type, status }, i) => {
    if (type === '') errors.push(required(`${CONDITIONS}[${i}].type`));
    const allowed = FINAL.includes(type) ? ONLY_TRUE : ANY_STATUS;
    if (status === '') errors.push(required(`${CONDITIONS}[${i}].status`));
    else if (!allowed.includes(status)) errors.push(notSupported(`${CONDITIONS}[${i}].status`, status, allowed));
    if (!wasBoth && VERDICTS.some((verdict) => verdict !== type && VERDICTS.includes(type) && seen.has(verdict)))
      errors.push(invalidValue(CONDITIONS, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) errors.push(duplicate(`${CONDITIONS}[${i}].type`, type));
    seen.add(type);
  });
}

function validateKept(
  { type, now, before }: { readonly type: string; readonly now: Conditions; readonly before: Conditions },
  part: SigningRequestPart,
  errors: FieldError[],
): void {
  const [mine, theirs] = [now.filter((each) => each.type === type), before.filter((each) => each.type === type)];
  const problem = (verb: string): FieldError => forbiddenField(CONDITIONS, `updates may not ${verb} a condition of type ${JSON.stringify(type)}`);
  if (mine.length < theirs.length) errors.push(problem('remove'));
  else if (part === 'approval' || !VERDICTS.includes(type)) return;
  else if (mine.length > theirs.length) errors.push(problem('add'));
  else if (!deepEqual(mine, theirs)) errors.push(problem('modify'));
}
