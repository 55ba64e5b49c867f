import { isJsonObject, type FieldError } from '@kybern/core';
import { duplicate } from '../../validation/field-errors.ts';
import { fieldOf, type Structural } from './structural.ts';

/** JSON with sorted keys, so that equal values have equal texts. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(',')}}`;
}

/** What tells an item of a keyed list from the others. A key that is absent has its default. */
export function itemKey(item: unknown, keys: readonly string[], items: Structural): string {
  return canonical(keyFields(item, keys, items));
}

function keyFields(item: unknown, keys: readonly string[], items: Structural): Record<string, unknown> {
  const fields = isJsonObject(item) ? item : {};
  return Object.fromEntries(
    keys
      .map((key) => [key, Object.hasOwn(fields, key) ? fields[key] : items.properties?.get(key)?.raw.default] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/**
 * Items of sets and keyed lists that are there twice.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go
 */
export function findDuplicates(node: Structural, value: unknown, path: string, errors: FieldError[]): void {
  if (!node.hasKeyedLists || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    repeated(node, value, path, errors);
    const { items } = node;
    if (items !== undefined) value.forEach((item, i) => findDuplicates(items, item, `${path}[${i}]`, errors));
    return;
  }
  for (const name of Object.keys(value)) {
    const child = fieldOf(node, name);
    const at = node.properties?.has(name) === true ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
    if (child !== undefined) findDuplicates(child, (value as Record<string, unknown>)[name], at, errors);
  }
}

function repeated({ raw, items }: Structural, list: readonly unknown[], path: string, errors: FieldError[]): void {
  const type = raw['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return;
  const keys = raw['x-kubernetes-list-map-keys'];
  const seen = new Set<string>();
  list.forEach((item, i) => {
    const shown = type === 'map' && keys !== undefined && items !== undefined ? keyFields(item, keys, items) : item;
    const identity = canonical(shown);
    if (seen.has(identity)) errors.push(duplicate(`${path}[${i}]`, shown));
    seen.add(identity);
  });
}
