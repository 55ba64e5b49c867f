import type { FieldError } from '@kybern/core';

/**
 * Makers of {@link FieldError}s in Kubernetes' words.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go
 */

/** A value must be there. */
export function required(field: string, detail = ''): FieldError {
  return { field, reason: 'FieldValueRequired', message: withDetail('Required value', detail) };
}

/** The value is malformed or out of bounds. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { field, reason: 'FieldValueInvalid', message: withDetail(`Invalid value: ${show(value)}`, detail) };
}

/** The value is malformed, and too large to be shown. */
export function omittedValue(field: string, detail: string): FieldError {
  return { field, reason: 'FieldValueInvalid', message: withDetail('Invalid value', detail) };
}

/** The value must occur once only. */
export function duplicate(field: string, value: unknown): FieldError {
  return { field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${show(value)}` };
}

/** The value is not one of those that are known. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list =
    supported.length === 0
      ? ''
      : `supported values: ${[...supported]
          .sort()
          .map((text) => JSON.stringify(text))
          .join(', ')}`;
  return { field, reason: 'FieldValueNotSupported', message: withDetail(`Unsupported value: ${show(value)}`, list) };
}

/** The value is fine by itself, but not allowed here. */
export function forbiddenField(field: string, detail: string): FieldError {
  return { field, reason: 'FieldValueForbidden', message: withDetail('Forbidden', detail) };
}

/** The value is longer than `maxBytes`. */
export function tooLong(field: string, maxBytes: number): FieldError {
  return { field, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxBytes} bytes` };
}

/** The list has more than `max` items. */
export function tooMany(field: string, actual: number, max: number): FieldError {
  return { field, reason: 'FieldValueTooMany', message: `Too many: ${actual}: must have at most ${max} items` };
}

/** What the value refers to is not there. */
export function fieldNotFound(field: string, value: unknown): FieldError {
  return { field, reason: 'FieldValueNotFound', message: `Not found: ${show(value)}` };
}

/** @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go (FieldImmutableErrorMsg) */
export const IMMUTABLE = 'field is immutable';

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

function show(value: unknown): string {
  if (value === undefined) return 'null';
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
}
