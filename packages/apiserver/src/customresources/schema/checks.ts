import { deepEqual, type FieldError } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import { RE2JS } from 're2js';
import { invalidValue, notSupported, tooLong, tooMany } from '../../validation/field-errors.ts';
import { formatCheck } from './formats.ts';

/** Checks one value; gives what is wrong with it. Values of a type that the check is not about pass. */
export type Check = (value: unknown, path: string) => FieldError | undefined;

/**
 * The checks of single values that a schema asks for. Types, children and combinations of schemas are not among them.
 *
 * @see kubernetes v1.36 vendor/k8s.io/kube-openapi/pkg/validation/validate (number, string, slice and object validators)
 */
export function compileChecks(raw: JSONSchemaProps): readonly Check[] {
  return [...numberChecks(raw), ...textChecks(raw), ...sizeChecks(raw), ...enumCheck(raw)];
}

const shown = (path: string): string => (path === '' ? '' : path);

function numberChecks({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: JSONSchemaProps): Check[] {
  const checks: Check[] = [];
  const add = (fails: (value: number) => boolean, text: string): void => {
    checks.push((value, path) =>
      typeof value === 'number' && fails(value) ? invalidValue(path, value, `${shown(path)} in body should be ${text}`) : undefined,
    );
  };
  if (minimum !== undefined)
    add(
      (value) => (exclusiveMinimum === true ? value <= minimum : value < minimum),
      `greater than ${exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`,
    );
  if (maximum !== undefined)
    add((value) => (exclusiveMaximum === true ? value >= maximum : value > maximum), `less than ${exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`);
  if (multipleOf !== undefined && multipleOf > 0) add((value) => !isWhole(value / multipleOf), `a multiple of ${multipleOf}`);
  return checks;
}

const EPSILON = 1e-9;
const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) <= EPSILON * Math.max(1, Math.abs(value));

function textChecks({ minLength, maxLength, pattern, format }: JSONSchemaProps): Check[] {
  const checks: Check[] = [];
  if (maxLength !== undefined)
    checks.push((value, path) => (typeof value === 'string' && value.length > maxLength && lengthOf(value) > maxLength ? tooLong(path, maxLength) : undefined));
  if (minLength !== undefined)
    checks.push((value, path) =>
      typeof value === 'string' && lengthOf(value) < minLength
        ? invalidValue(path, value, `${shown(path)} in body should be at least ${minLength} chars long`)
        : undefined,
    );
  if (pattern !== undefined && pattern !== '') {
    // Kubernetes' patterns are RE2's, which have other escapes than JavaScript's and need time in proportion to the text only.
    const compiled = RE2JS.compile(pattern);
    checks.push((value, path) =>
      typeof value === 'string' && !compiled.test(value) ? invalidValue(path, value, `${shown(path)} in body should match '${pattern}'`) : undefined,
    );
  }
  const isRight = format === undefined ? undefined : formatCheck(format);
  if (isRight !== undefined)
    checks.push((value, path) =>
      typeof value === 'string' && !isRight(value)
        ? {
            field: path,
            reason: 'FieldValueTypeInvalid',
            message: `Invalid value: ${JSON.stringify(value)}: ${shown(path)} in body must be of type ${format}: ${JSON.stringify(value)}`,
          }
        : undefined,
    );
  return checks;
}

/** In characters, not in UTF-16 units. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function sizeChecks({ minItems, maxItems, minProperties, maxProperties }: JSONSchemaProps): Check[] {
  const checks: Check[] = [];
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (minItems !== undefined)
    checks.push((value, path) =>
      Array.isArray(value) && value.length < minItems
        ? invalidValue(path, value.length, `${shown(path)} in body should have at least ${minItems} items`)
        : undefined,
    );
  if (maxItems !== undefined)
    checks.push((value, path) => (Array.isArray(value) && value.length > maxItems ? tooMany(path, value.length, maxItems) : undefined));
  if (minProperties !== undefined)
    checks.push((value, path) =>
      isObject(value) && Object.keys(value).length < minProperties
        ? invalidValue(path, Object.keys(value).length, `${shown(path)} in body should have at least ${minProperties} properties`)
        : undefined,
    );
  if (maxProperties !== undefined)
    checks.push((value, path) => {
      const size = isObject(value) ? Object.keys(value).length : 0;
      return size > maxProperties ? tooMany(path, size, maxProperties) : undefined;
    });
  return checks;
}

function enumCheck({ enum: values }: JSONSchemaProps): Check[] {
  if (values === undefined || values.length === 0) return [];
  const scalars = new Set<unknown>(values.filter((value) => typeof value !== 'object' || value === null));
  const others = values.filter((value) => typeof value === 'object' && value !== null);
  const supported = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return [
    (value, path) =>
      scalars.has(value) || (others.length > 0 && others.some((each) => deepEqual(each, value))) ? undefined : notSupported(path, value, supported),
  ];
}
