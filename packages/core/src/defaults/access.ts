import type { MutableJson } from '../kind-model.ts';

/** Fills in the defaults of one kind or type, in place. Idempotent; leaves alone what is of another type than it should be. */
export type SetDefaults = (object: MutableJson) => void;

/** Kind → its defaults. Kinds that are missing have none. */
export type DefaultsByKind = Readonly<Record<string, SetDefaults>>;

const NO_ITEMS: readonly never[] = Object.freeze([]);

/** Absent, or the null that stands for absent. */
export const isAbsent = (value: unknown): boolean => value === undefined || value === null;

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The field that is a struct in Go: made if it is absent. Where the object has something else instead, which validation reports, the defaults go into
 * an object that nobody keeps.
 */
export function struct(parent: MutableJson, field: string): MutableJson {
  const value: unknown = parent[field];
  if (isAbsent(value)) return (parent[field] = {});
  return isRecord(value) ? value : {};
}

/** The value of a field that is a pointer in Go: undefined if it is absent. */
export function pointer(value: MutableJson): MutableJson | undefined {
  return isRecord(value) ? value : undefined;
}

/** The items of a field that is a list of structs. */
export function items(value: MutableJson): readonly MutableJson[] {
  if (!Array.isArray(value)) return NO_ITEMS;
  for (let i = 0; i < value.length; i++) if (!isRecord(value[i])) return value.filter(isRecord);
  return value;
}

/** Whether a list or map is absent or empty. */
export function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isAbsent(value);
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}
