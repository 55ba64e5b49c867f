import { ApiError } from './api-error.ts';
import { getOwn } from './json-data.ts';

/** One term of a field selector. */
export interface FieldSelectorRequirement {
  /** A path such as `spec.nodeName`. */
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Reads the value that a selector compares. An absent field reads as the empty text. */
export type FieldReader = (object: object, field: string) => string;

const MAX_LENGTH = 10_000;
const TERM = /^((?:[^\\=!]|\\.|!(?!=))*)(!=|==|=)([^]*)$/;

/**
 * Parses `metadata.name=web-0,status.phase!=Failed`. In values `\`, `,` and `=` are escaped with a backslash. Which fields may be selected is for
 * the reader of the result to decide. Blank text has no requirements.
 *
 * @throws {ApiError} `BadRequest` on bad syntax
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/fields/selector.go
 */
export function parseFieldSelector(text: string): FieldSelectorRequirement[] {
  if (text.length > MAX_LENGTH) throw new ApiError('BadRequest', `invalid field selector: it has more than ${MAX_LENGTH} characters`);
  const requirements: FieldSelectorRequirement[] = [];
  for (const part of splitTerms(text)) if (part !== '') requirements.push(parseTerm(text, part));
  return requirements;
}

/**
 * Turns a field selector into a function. Fields are looked up by their path unless `read` says otherwise.
 *
 * @throws {ApiError} `BadRequest` on bad syntax
 */
export function compileFieldSelector(selector: string | readonly FieldSelectorRequirement[], read?: FieldReader): (object: object) => boolean {
  const requirements = typeof selector === 'string' ? parseFieldSelector(selector) : selector;
  const matchers = requirements.map(({ field, operator, value }) => {
    const wanted = operator === '=';
    if (read !== undefined) return (object: object) => (read(object, field) === value) === wanted;
    const path = field.split('.');
    return (object: object) => (textAt(object, path) === value) === wanted;
  });
  return (object) => {
    for (const matches of matchers) if (!matches(object)) return false;
    return true;
  };
}

function textAt(object: object, path: readonly string[]): string {
  let value: unknown = object;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return '';
    value = getOwn(value, name);
  }
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') i += 1;
    if (char !== ',') continue;
    terms.push(text.slice(start, i));
    start = i + 1;
  }
  terms.push(text.slice(start));
  return terms;
}

function parseTerm(text: string, term: string): FieldSelectorRequirement {
  const match = TERM.exec(term);
  const field = match?.[1]?.trim() ?? '';
  if (match === null || field === '') throw bad(text, `"${term}" is not of the form field=value, field==value or field!=value`);
  return { field, operator: match[2] === '!=' ? '!=' : '=', value: unescape(text, match[3] as string) };
}

function unescape(text: string, value: string): string {
  let result = '';
  for (let i = 0; i < value.length; i++) {
    const char = value.charAt(i);
    if (char === '=') throw bad(text, `"=" in the value "${value}" must be written "\\="`);
    if (char !== '\\') {
      result += char;
      continue;
    }
    const escaped = value.charAt(++i);
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') throw bad(text, `"\\${escaped}" is not an escape`);
    result += escaped;
  }
  return result;
}

const bad = (text: string, why: string): ApiError => new ApiError('BadRequest', `invalid field selector "${text}": ${why}`);
