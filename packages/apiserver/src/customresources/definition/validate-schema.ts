import { cloneJson, deepEqual, type FieldError, type MutableJson } from '@kybern/core';
import type { JSONSchemaProps } from '@kybern/core/kinds';
import { forbiddenField, invalidValue } from '../../validation/field-errors.ts';
import { compileObjectFields } from '../schema/object-meta-schema.ts';
import { fillDefaults } from '../schema/defaults.ts';
import { compilePruner } from '../schema/prune.ts';
import { compileStructural } from '../schema/structural.ts';
import { NOTHING, validateValue } from '../schema/validate.ts';
import { schemaPlaces, type SchemaPlace } from './schema-places.ts';
import { validateKeywords } from './validate-keywords.ts';
import { validateRules, type RuleCompiler } from './validate-rules.ts';
import { validateStructural } from './validate-structural.ts';

/** What {@link validateSchema} checks. */
export interface SchemaInput {
  readonly schema: JSONSchemaProps;
  readonly path: string;
  readonly hasStatus: boolean;
  /** Compiles rules; undefined where there are none. */
  readonly rules: RuleCompiler | undefined;
}

/** All places of a schema together. More are refused: they could not be worked through for every object. */
const MAX_PLACES = 20_000;
const MAX_DEPTH = 200;

const AT_ROOT_WITH_STATUS = [
  'description',
  'type',
  'format',
  'title',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'required',
  'items',
  'properties',
  'externalDocs',
  'example',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
];

/** Checks the schema of one version: keywords, structure, defaults and rules, each when nothing before it was wrong. */
export function validateSchema({ schema, path, hasStatus, rules }: SchemaInput, errors: FieldError[]): void {
  const found: FieldError[] = [];
  const root: SchemaPlace = { schema, path, parent: undefined, role: 'root' };
  if (isTooLarge(schema)) {
    errors.push(forbiddenField(path, `may not have more than ${MAX_PLACES} places nested at most ${MAX_DEPTH} levels deep`));
    return;
  }
  const wrong = hasStatus ? Object.keys(schema).filter((name) => !AT_ROOT_WITH_STATUS.includes(name)) : [];
  if (wrong.length > 0)
    found.push(
      invalidValue(
        path,
        wrong.join(','),
        `only [${AT_ROOT_WITH_STATUS.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
      ),
    );
  for (const place of schemaPlaces(root)) validateKeywords(place, found);
  validateStructural(root, found);
  if (found.length === 0) validateDefaults(root, found);
  if (found.length === 0 && rules !== undefined) validateRules(root, rules, found);
  errors.push(...found.sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0)));
}

function isTooLarge(schema: JSONSchemaProps): boolean {
  let places = 0;
  const visit = (of: unknown, depth: number): boolean => {
    places += 1;
    if (places > MAX_PLACES * 4 || depth > MAX_DEPTH * 2) return true;
    return typeof of === 'object' && of !== null && Object.values(of).some((child) => visit(child, depth + 1));
  };
  return visit(schema, 0);
}

/**
 * A default must be a value of its schema, of which nothing would be pruned.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go
 */
function validateDefaults(root: SchemaPlace, errors: FieldError[]): void {
  const fields = compileObjectFields();
  for (const place of schemaPlaces(root, false)) {
    const { schema, path } = place;
    if (schema.default === undefined) continue;
    const at = `${path}.default`;
    if (isInMetadata(place)) {
      errors.push(forbiddenField(at, 'must not be set in top-level metadata'));
      continue;
    }
    const node = compileStructural(schema);
    const holder = compileStructural({ type: 'object', properties: { default: schema } });
    const wrapped = { default: cloneJson(schema.default) as MutableJson };
    const pruned = compilePruner({ schema: holder, fields }, { apiVersion: '', kind: '' })(wrapped).object;
    if (!deepEqual(pruned.default, schema.default)) errors.push(invalidValue(at, schema.default, 'must not have unknown fields'));
    fillDefaults(node, wrapped.default);
    const found: FieldError[] = [];
    validateValue(node, wrapped.default, { path: at, old: NOTHING, errors: found });
    errors.push(...found);
  }
}

function isInMetadata(place: SchemaPlace): boolean {
  let at: SchemaPlace | undefined = place;
  while (at?.parent !== undefined) {
    if (at.name === 'metadata' && at.parent.role === 'root') return true;
    at = at.parent;
  }
  return false;
}
