import type { FieldError } from '../../kind-model.ts';
import type { Fault } from './checks.ts';

/** What follows the value in the message, where "must be of type" says too little. */
const FORMS: Readonly<Record<string, string>> = {
  int32: 'must be of type integer (32 bits)',
  int64: 'must be of type integer',
  'date-time': 'must be a date and time as RFC 3339 writes it',
  byte: 'must be base64',
  quantity: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
};
const MAX_VALUE_LENGTH = 200;

/** Says in Kubernetes' words what the validators found. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go */
export function toFieldErrors(faults: readonly Fault[]): readonly FieldError[] {
  return faults.map(toFieldError);
}

function toFieldError({ path, keyword, value, expected }: Fault): FieldError {
  const field = path.startsWith('.') ? path.slice(1) : path;
  if (keyword === 'required') return { field, reason: 'FieldValueRequired', message: 'Required value' };
  if (typeof expected !== 'string') {
    return { field, reason: 'FieldValueNotSupported', message: `Unsupported value: ${shown(value)}: supported values: ${expected.map(shown).join(', ')}` };
  }
  return { field, reason: 'FieldValueTypeInvalid', message: `Invalid value: ${shown(value)}: ${formOf(expected, value)}` };
}

/** A number that is too large or has a fraction is told more than that it is no integer. */
function formOf(expected: string, value: unknown): string {
  if ((expected === 'int32' || expected === 'int64') && typeof value !== 'number') return 'must be of type integer';
  return FORMS[expected] ?? `must be of type ${expected}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}...` : text;
}
