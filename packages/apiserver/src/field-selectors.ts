import { parseFieldSelector, type MutableJson } from '@kybern/core';
import { badRequest } from './errors.ts';
import type { Resource } from './resource.ts';
import type { FieldReader } from './strategy.ts';

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
  readonly matches: (object: MutableJson) => boolean;
}

const readName: FieldReader = (object) => object.metadata.name ?? '';
const readNamespace: FieldReader = (object) => object.metadata.namespace ?? '';

/** How a field of a kind is read, if the kind can be selected by it. */
export function fieldReader(resource: Resource, field: string): FieldReader | undefined {
  if (field === 'metadata.name') return readName;
  if (field === 'metadata.namespace') return readNamespace;
  const { selectableFields } = resource.strategy;
  return selectableFields !== undefined && Object.hasOwn(selectableFields, field) ? selectableFields[field] : undefined;
}

/** Compiles a field selector. @throws {ApiError} `BadRequest` on bad syntax and for fields that the kind cannot be selected by */
export function compileFields(resource: Resource, text: string): FieldTerm[] {
  return parseFieldSelector(text).map(({ field, operator, value }) => {
    const read = fieldReader(resource, field);
    if (read === undefined) throw badRequest(`field label not supported: ${field}`);
    const matches = operator === '=' ? (object: MutableJson) => read(object) === value : (object: MutableJson) => read(object) !== value;
    return { field, operator, value, matches };
  });
}
