import { SchedulerConfigError } from '../errors.ts';

/**
 * Takes a value out of parsed YAML or JSON, or throws.
 *
 * @throws {SchedulerConfigError} naming the path
 */
export type Reader<T> = (value: unknown, path: string) => T;

/** Any text. */
export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string') throw new SchedulerConfigError(path, `must be a text, not ${describe(value)}`);
  return value;
};

/** `true` or `false`. */
export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new SchedulerConfigError(path, `must be true or false, not ${describe(value)}`);
  return value;
};

/** Anything at all. */
export const anything: Reader<unknown> = (value) => value;

/** A whole number within the limits, both included. */
export function integer(min: number = -Infinity, max: number = Infinity): Reader<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw new SchedulerConfigError(path, `must be a whole number, not ${describe(value)}`);
    if (value < min || value > max) throw new SchedulerConfigError(path, limits(value, min, max));
    return value;
  };
}

function limits(value: number, min: number, max: number): string {
  return max === Infinity ? `must be at least ${min}, not ${value}` : `must be from ${min} to ${max}, not ${value}`;
}

/** One of a few texts. */
export function oneOf<T extends string>(...allowed: readonly T[]): Reader<T> {
  return (value, path) => {
    if (!allowed.includes(value as T)) throw new SchedulerConfigError(path, `must be ${allowed.join(' or ')}, not ${describe(value)}`);
    return value as T;
  };
}

/** A list, each of whose elements is read with `element`. */
export function list<T>(element: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new SchedulerConfigError(path, `must be a list, not ${describe(value)}`);
    return value.map((each, index) => element(each, `${path}[${index}]`));
  };
}

/** The names of the fields of `T` that must be there. */
type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];

/** An object with these fields and no others. A field that is `null` counts as not there. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Reader<NonNullable<T[K]>> }, required: readonly RequiredKeys<T>[]): Reader<T> {
  const known = new Map<string, Reader<unknown>>(Object.entries(fields));
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SchedulerConfigError(path, `must be an object, not ${describe(value)}`);
    const result: Record<string, unknown> = {};
    for (const [name, each] of Object.entries(value)) {
      const reader = known.get(name);
      if (reader === undefined) throw new SchedulerConfigError(join(path, name), 'there is no such field');
      if (each !== null && each !== undefined) result[name] = reader(each, join(path, name));
    }
    for (const name of required as readonly string[]) if (result[name] === undefined) throw new SchedulerConfigError(join(path, name), 'must be given');
    return result as T;
  };
}

/** The path of a field. */
export function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const shown = JSON.stringify(value);
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
}
