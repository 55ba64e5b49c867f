import { ApiError } from '../api-error.ts';
import { getOwn, isJsonObject } from '../json-data.ts';
import type { FieldType } from './field-type.ts';

// An element of a path is its text in fieldsV1, in one form for each element, so that equal elements are equal texts:
//   f:name                 a field
//   k:{"name":"web"}       the element of a list with these keys, which are sorted by name
//   v:"x"                  the element of a list with this value
//   i:3                    the element of a list at this index

/** The kinds of elements in the order in which Kubernetes writes them. */
const ORDER = 'fkvi';

/**
 * The path element of a list's element.
 *
 * Never fails: elements without their keys, which no valid object has, are told apart by their place. {@link listProblem} names them.
 */
export function itemElement({ list }: FieldType, item: unknown, index: number): string {
  if (list.by === 'value') return `v:${quoted(item ?? null)}`;
  if (list.by === 'nothing' || !isJsonObject(item)) return `i:${index}`;
  let keys = '';
  for (const key of list.keys) {
    const value = getOwn(item, key.name) ?? key.default;
    if (value !== undefined && value !== null) keys += `${keys === '' ? '' : ','}${quoted(key.name)}:${quoted(value)}`;
  }
  return keys === '' ? `i:${index}` : `k:{${keys}}`;
}

/** Texts that JSON writes as they are: nearly all that tell elements apart. */
const PLAIN_TEXT = /^[\w ./:-]*$/;

/** A value's JSON. */
function quoted(value: unknown): string {
  return typeof value === 'string' && PLAIN_TEXT.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** Why a list's element cannot be told from others; undefined when it can. */
export function listProblem({ list }: FieldType, item: unknown): string | undefined {
  if (list.by === 'nothing') return undefined;
  if (list.by === 'value') return typeof item === 'object' ? 'associative list without keys has an element that is not a scalar' : undefined;
  if (!isJsonObject(item)) return 'associative list with keys may not have non-map elements';
  const missing = list.keys.find((key) => key.default === undefined && (getOwn(item, key.name) ?? null) === null);
  if (missing === undefined) return undefined;
  return `associative list with keys has an element that omits key field ${JSON.stringify(missing.name)} (and doesn't have default value)`;
}

/**
 * The one form of a path element that somebody else wrote.
 *
 * @returns undefined for a kind of element that is not known, which Kubernetes skips
 * @throws {ApiError} `BadRequest` when it is malformed
 */
export function parseElement(text: string): string | undefined {
  if (text.length < 2 || text[1] !== ':') throw malformed(text);
  const rest = text.slice(2);
  switch (text[0]) {
    case 'f':
      return text;
    case 'k':
      return canonicalKeys(text, parseJson(text, rest));
    case 'v':
      return `v:${JSON.stringify(parseJson(text, rest))}`;
    case 'i':
      if (!/^-?\d{1,15}$/.test(rest)) throw malformed(text);
      return `i:${Number(rest)}`;
    default:
      return undefined;
  }
}

function canonicalKeys(text: string, keys: unknown): string {
  if (!isJsonObject(keys)) throw malformed(text);
  const parts = Object.keys(keys)
    .sort(compareText)
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(getOwn(keys, name))}`);
  return `k:{${parts.join(',')}}`;
}

function parseJson(text: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ApiError('BadRequest', malformed(text).message, { cause });
  }
}

const malformed = (text: string): ApiError => new ApiError('BadRequest', `fieldsV1 has a malformed path element ${JSON.stringify(text)}`);

/** Path elements in the order in which Kubernetes writes them: fields, keys, values, indices, each kind in its own order. */
export function sortElements(elements: Iterable<string>): string[] {
  const fields: string[] = [];
  const others: { readonly element: string; readonly rank: number; readonly value: unknown }[] = [];
  for (const element of elements) {
    if (element.startsWith('f:')) fields.push(element);
    else others.push({ element, rank: ORDER.indexOf(element.charAt(0)), value: JSON.parse(element.slice(2)) as unknown });
  }
  fields.sort(compareText);
  if (others.length === 0) return fields;
  if (others.length > 1) others.sort((a, b) => a.rank - b.rank || compareValues(a.value, b.value));
  return [...fields, ...others.map(({ element }) => element)];
}

/** By bytes of UTF-8, as Go compares: only surrogates, which stand for what comes last, make a difference to the order of UTF-16. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

const isSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xe000;

const rankOf = (value: unknown): number =>
  ['number', 'string', 'boolean', 'list', 'object', 'null'].indexOf(value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if ((typeof a === 'number' && typeof b === 'number') || (typeof a === 'boolean' && typeof b === 'boolean')) return Number(a) - Number(b);
  if (isJsonObject(a) && isJsonObject(b)) return compareLists(entriesOf(a), entriesOf(b));
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  return rankOf(a) - rankOf(b);
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const entriesOf = (fields: Readonly<Record<string, unknown>>): unknown[] =>
  Object.keys(fields)
    .sort(compareText)
    .flatMap((name) => [name, getOwn(fields, name)]);

/**
 * A path as Kubernetes shows it: `.spec.containers[name="web"].image`.
 *
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff fieldpath/element.go (PathElement.String)
 */
export function formatFieldSetPath(path: readonly string[]): string {
  return path.map(formatElement).join('');
}

function formatElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const keys = JSON.parse(rest) as Readonly<Record<string, unknown>>;
  return `[${Object.keys(keys)
    .map((name) => `${name}=${JSON.stringify(getOwn(keys, name))}`)
    .join(',')}]`;
}
