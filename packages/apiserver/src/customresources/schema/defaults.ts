import { cloneJson } from '@kybern/core';
import { setOwn } from './prune.ts';
import type { Structural } from './structural.ts';

type Fields = Record<string, unknown>;

/**
 * Fills in the defaults of a schema, in place. A null where the schema allows none is taken as absent.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/algorithm.go
 */
export function fillDefaults(node: Structural, value: unknown): void {
  if (!node.hasDefaults || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) fillItems(node, value);
  else fillFields(node, value as Fields);
}

function fillItems({ items }: Structural, list: unknown[]): void {
  if (items === undefined) return;
  for (let i = 0; i < list.length; i++) {
    if (lacks(items, list[i] ?? null)) list[i] = cloneJson(items.raw.default);
    fillDefaults(items, list[i]);
  }
}

function fillFields({ properties, rest }: Structural, object: Fields): void {
  if (properties !== undefined)
    for (const [name, child] of properties) {
      if (!child.hasDefaults) continue;
      const value = Object.hasOwn(object, name) ? object[name] : undefined;
      if (lacks(child, value)) setOwn(object, name, cloneJson(child.raw.default));
      if (Object.hasOwn(object, name)) fillDefaults(child, object[name]);
    }
  if (rest === undefined || rest === true || !rest.hasDefaults) return;
  for (const name of Object.keys(object)) {
    if (properties?.has(name) === true) continue;
    if (object[name] === null && lacks(rest, null)) setOwn(object, name, cloneJson(rest.raw.default));
    fillDefaults(rest, object[name]);
  }
}

const lacks = ({ raw, nullable }: Structural, value: unknown): boolean => raw.default !== undefined && (value === undefined || (value === null && !nullable));

/** Whether {@link fillDefaults} would change something. */
export function lacksDefaults(node: Structural, value: unknown): boolean {
  if (!node.hasDefaults || typeof value !== 'object' || value === null) return false;
  const { items, properties, rest } = node;
  if (Array.isArray(value)) return items !== undefined && value.some((item) => lacks(items, item ?? null) || lacksDefaults(items, item));
  const object = value as Fields;
  if (properties !== undefined)
    for (const [name, child] of properties) {
      if (!child.hasDefaults) continue;
      const present = Object.hasOwn(object, name) ? object[name] : undefined;
      if (lacks(child, present) || lacksDefaults(child, present)) return true;
    }
  if (rest === undefined || rest === true || !rest.hasDefaults) return false;
  return Object.keys(object).some((name) => properties?.has(name) !== true && (lacks(rest, object[name]) || lacksDefaults(rest, object[name])));
}
