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
  const { selectableFields } = resource.strategy;
  if (field === 'metadata.name') return readName;
  // A kind without a namespace can be selected by it all the same, unless Kubernetes lists its fields.
  if (field === 'metadata.namespace' && (resource.namespaced || (selectableFields === undefined && !resource.custom))) return readNamespace;
  return selectableFields !== undefined && Object.hasOwn(selectableFields, field) ? selectableFields[field] : undefined;
}

/** Compiles a field selector. @throws {ApiError} `BadRequest` on bad syntax and for fields that the kind cannot be selected by */
export function compileFields(resource: Resource, text: string): FieldTerm[] {
  return parseFieldSelector(text).map(({ field, operator, value }) => {
    const read = fieldReader(resource, field);
    if (read === undefined) throw badRequest(unknownField(resource, field));
    const matches = operator === '=' ? (object: MutableJson) => read(object) === value : (object: MutableJson) => read(object) !== value;
    return { field, operator, value, matches };
  });
}

/** Each kind has words of its own. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/runtime/conversion.go, pkg/apis/<group>/<version>/conversion.go */
function unknownField({ kind, custom, strategy, apiVersion }: Resource, field: string): string {
  if (kind.group === 'batch') return `field label ${JSON.stringify(field)} not supported for ${JSON.stringify(kind.kind)}`;
  if (kind.group === 'resource.k8s.io' && strategy.selectableFields !== undefined)
    return `field label not supported for ${apiVersion}, Kind=${kind.kind}: ${field}`;
  if (custom || strategy.selectableFields !== undefined) return `field label not supported: ${field}`;
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
