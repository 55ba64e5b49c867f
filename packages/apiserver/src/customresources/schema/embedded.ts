import { isJsonObject, nameProblems, type FieldError } from '@kybern/core';
import { invalidValue, required } from '../../validation/field-errors.ts';
import { dns1123Subdomain } from '../../validation/names.ts';
import { validateAnnotations, validateLabels } from '../../validation/object-meta.ts';
import type { ObjectFields } from './object-meta-schema.ts';
import { fieldOf, type Structural } from './structural.ts';
import { childPath, NOTHING, validateValue } from './validate.ts';

/** Where an embedded object is looked for. */
export interface EmbeddedPlace {
  readonly path: string;
  readonly fields: ObjectFields;
  readonly errors: FieldError[];
}

/**
 * Checks the identity and the metadata of objects inside of an object, where the schema says that they are some.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go
 */
export function validateEmbedded(node: Structural, value: unknown, { path, fields, errors }: EmbeddedPlace): void {
  if (!node.hasEmbedded || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const { items } = node;
    if (items !== undefined) value.forEach((item, i) => validateEmbedded(items, item, { path: `${path}[${i}]`, fields, errors }));
    return;
  }
  if (node.embedded) validateIdentity(value as Record<string, unknown>, { path, fields, errors });
  for (const name of Object.keys(value)) {
    const child = fieldOf(node, name);
    if (child !== undefined) validateEmbedded(child, (value as Record<string, unknown>)[name], { path: childPath(path, name), fields, errors });
  }
}

function validateIdentity(object: Readonly<Record<string, unknown>>, { path, fields, errors }: EmbeddedPlace): void {
  for (const name of ['apiVersion', 'kind'] as const) {
    const value = object[name];
    if (value === undefined || value === '') errors.push(required(childPath(path, name), 'must not be empty'));
    else if (typeof value !== 'string') errors.push(invalidValue(childPath(path, name), value, 'must be a string'));
  }
  const { kind, metadata } = object;
  if (typeof kind === 'string' && kind !== '' && nameProblems('dns1035Label', kind.toLowerCase()).length > 0)
    errors.push(
      invalidValue(
        childPath(path, 'kind'),
        kind,
        `may have mixed case, but should otherwise match: ${nameProblems('dns1035Label', kind.toLowerCase()).join(',')}`,
      ),
    );
  if (metadata === undefined) return;
  const at = childPath(path, 'metadata');
  const found = errors.length;
  validateValue(fields.metadata, metadata, { path: at, old: NOTHING, errors });
  if (errors.length > found || !isJsonObject(metadata)) return;
  const { name, generateName, labels, annotations } = metadata;
  if (typeof name === 'string' && name !== '') for (const text of dns1123Subdomain(name, false)) errors.push(invalidValue(`${at}.name`, name, text));
  if (typeof generateName === 'string' && generateName !== '')
    for (const text of dns1123Subdomain(generateName, true)) errors.push(invalidValue(`${at}.generateName`, generateName, text));
  validateLabels(labels, `${at}.labels`, errors);
  validateAnnotations(annotations, `${at}.annotations`, errors);
}
