import type { KubernetesObject } from '@kybern/core';

/** The JSON of a part of objects, if it is kept; undefined: it has to be made. */
export type TextOf = (part: object) => string | undefined;

type Fields = Readonly<Record<string, unknown>>;

/**
 * The JSON of an object, put together from the texts of its parts that are kept already. It is what `JSON.stringify` makes of the object.
 *
 * @param managedFields the text of `metadata.managedFields`, which come last in its metadata; undefined: none
 */
export function objectJson(object: KubernetesObject, managedFields: string | undefined, textOf: TextOf): string {
  let json = '';
  for (const key in object) {
    const value = (object as unknown as Fields)[key];
    if (value === undefined) continue;
    const text = typeof value !== 'object' || value === null ? scalarJson(value) : (textOf(value) ?? partJson(value as Fields, textOf));
    json += `${json === '' ? '{' : ','}${quoted(key)}:${key === 'metadata' && managedFields !== undefined ? withLast(text, managedFields) : text}`;
  }
  return `${json}}`;
}

function withLast(metadata: string, managedFields: string): string {
  return `${metadata === '{}' ? '{' : `${metadata.slice(0, -1)},`}"managedFields":${managedFields}}`;
}

/** One level deeper, where there is something to be found. */
function partJson(part: Fields, textOf: TextOf): string {
  if (Array.isArray(part) || !hasText(part, textOf)) return JSON.stringify(part);
  let json = '';
  for (const key in part) {
    const value = part[key];
    if (value === undefined) continue;
    const text = typeof value !== 'object' || value === null ? scalarJson(value) : (textOf(value) ?? JSON.stringify(value));
    json += `${json === '' ? '{' : ','}${quoted(key)}:${text}`;
  }
  return json === '' ? '{}' : `${json}}`;
}

function hasText(part: Fields, textOf: TextOf): boolean {
  for (const key in part) {
    const value = part[key];
    if (typeof value === 'object' && value !== null && textOf(value) !== undefined) return true;
  }
  return false;
}

const scalarJson = (value: unknown): string => (typeof value === 'string' ? quoted(value) : JSON.stringify(value));

/** Nearly all strings of an object's frame are written as they are. */
const PLAIN = /^[\w\-./:+ ]*$/;

function quoted(text: string): string {
  return text.length < 64 && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
