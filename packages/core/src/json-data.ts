import { ApiError } from './api-error.ts';
import type { MutableJson } from './kind-model.ts';

// Differs from Kubernetes, which ends at 10,000: no real object comes near, and it keeps every recursive walk far from the end of the stack.
const MAX_DEPTH = 1000;

type Fields = Record<string, unknown>;

function tooDeep(): never {
  throw new ApiError('BadRequest', `data is nested deeper than ${MAX_DEPTH} levels`);
}

/** Sets an own property whatever its name: assigning to `__proto__` would change the prototype instead. */
export function setOwn(target: Fields, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

/** An own property, never an inherited one. */
export function getOwn(source: object, key: string): unknown {
  return Object.hasOwn(source, key) ? (source as Fields)[key] : undefined;
}

/** Whether `value` is an object in JSON's sense: not null, not a list. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A private, unfrozen copy of JSON data, as `JSON.parse(JSON.stringify(value))` makes it: fields that are `undefined` are left out, and in lists
 * they become `null`. A field named `__proto__` is data like any other.
 *
 * @throws {ApiError} `BadRequest` when there is something that JSON cannot hold (a function, a symbol, a bigint, NaN, an infinite number), or
 * when the data is nested deeper than 1000 levels or is cyclic
 */
export function cloneJson<T>(value: T): MutableJson {
  return isContainer(value) ? clone(value, 0) : scalar(value);
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

function clone(value: object, depth: number): object {
  if (depth > MAX_DEPTH) tooDeep();
  return Array.isArray(value) ? cloneList(value, depth + 1) : cloneFields(value as Fields, depth + 1);
}

/** The order of the tests is that of frequency: most fields hold texts. */
function cloneFields(source: Fields, depth: number): Fields {
  const target: Fields = {};
  for (const key in source) {
    const item = source[key];
    const copy = typeof item === 'string' ? item : isContainer(item) ? clone(item, depth) : scalar(item);
    if (copy === undefined) continue;
    if (key !== '__proto__') target[key] = copy;
    else setOwn(target, key, copy);
  }
  return target;
}

function cloneList(source: readonly unknown[], depth: number): unknown[] {
  const { length } = source;
  const target = new Array<unknown>(length);
  for (let i = 0; i < length; i++) {
    const item = source[i];
    target[i] = typeof item === 'string' ? item : isContainer(item) ? clone(item, depth) : (scalar(item) ?? null);
  }
  return target;
}

function scalar(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return value;
  throw new ApiError('BadRequest', `a ${typeof value === 'number' ? String(value) : typeof value} is not JSON data`);
}

/**
 * Freezes JSON data through and through, in place. What is frozen already is taken to be deeply frozen and not visited again, so freezing an
 * object that shares most of its parts with a frozen one costs only what is new.
 *
 * @returns the same reference
 * @throws {ApiError} `BadRequest` when the data is nested deeper than 1000 levels or is cyclic
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) freeze(value, 0);
  return value;
}

/** Children first: a frozen node is therefore always a deeply frozen one, even when this ends early. */
function freeze(value: object, depth: number): void {
  if (depth > MAX_DEPTH) tooDeep();
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) freezeChild(value[i], depth);
  } else {
    for (const key in value) freezeChild((value as Fields)[key], depth);
  }
  Object.freeze(value);
}

function freezeChild(child: unknown, depth: number): void {
  if (typeof child === 'object' && child !== null && !Object.isFrozen(child)) freeze(child, depth + 1);
}

/**
 * Whether two pieces of JSON data are equal. Identical references are equal without a look inside, so comparing an object with a changed version
 * that shares its parts is cheap. The order of fields does not count; a field that is `undefined` counts as absent.
 *
 * @throws {ApiError} `BadRequest` when both are nested deeper than 1000 levels
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, 0);
}

function equal(a: unknown, b: unknown, depth: number): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (depth > MAX_DEPTH) tooDeep();
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b, depth + 1);
  return !Array.isArray(b) && equalFields(a as Fields, b as Fields, depth + 1);
}

function equalLists(a: readonly unknown[], b: readonly unknown[], depth: number): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i], depth)) return false;
  return true;
}

function equalFields(a: Fields, b: Fields, depth: number): boolean {
  let surplus = 0;
  for (const key in a) {
    const item = a[key];
    if (item === undefined) continue;
    // Of the inherited names only __proto__ reads as an object; the others are functions, which no JSON value equals.
    if (key === '__proto__' && !Object.hasOwn(b, key)) return false;
    const other = b[key];
    if (item !== other && !equal(item, other, depth)) return false;
    surplus -= 1;
  }
  for (const key in b) if (b[key] !== undefined) surplus += 1;
  return surplus === 0;
}
