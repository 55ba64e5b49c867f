import { ApiError, isApiError } from '@kybern/core';
import { LineCounter, parse as parseYaml, type ParsedNode, type Scalar } from 'yaml';
import { duplicateFields } from './duplicate-fields.ts';

/** What a body says. */
export interface ParsedBody {
  readonly value: unknown;
  /** Sentences about fields that it has twice, of which the last counts. */
  readonly duplicates: readonly string[];
}

/** Deeper documents are refused before anything that calls itself looks at them. */
const MAX_DEPTH = 500;
const NONE: readonly string[] = Object.freeze([]);

/**
 * Parses the text of a body.
 *
 * @param yaml also YAML, of which JSON is a part
 * @throws {ApiError} `BadRequest` for what is neither, and for what is nested deeper than 500 levels
 */
export function parseBody(text: string, { yaml }: { readonly yaml: boolean }): ParsedBody {
  // JSON is YAML, and much faster to read: clients send it under both names.
  return yaml ? parseEither(text) : parseJson(text);
}

/** @returns how many members all objects have together, as they are written */
function checkDepth(text: string): number {
  let depth = 0;
  let members = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (quoted) {
      if (char === BACKSLASH) i += 1;
      else if (char === QUOTE) quoted = false;
    } else if (char === QUOTE) quoted = true;
    else if (char === COLON) members += 1;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_DEPTH) throw new ApiError('BadRequest', `the body of the request is nested deeper than ${String(MAX_DEPTH)} levels`);
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth -= 1;
  }
  return members;
}

const [BACKSLASH, QUOTE, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COLON] = [92, 34, 123, 125, 91, 93, 58];

function parseJson(text: string): ParsedBody {
  const written = checkDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ApiError('BadRequest', `the body of the request was in an unknown format - not JSON: ${messageOf(cause)}`, { cause });
  }
  // Counting is cheap; only a text in which some were lost is looked at again.
  return { value, duplicates: countMembers(value) === written ? NONE : duplicateFields(text) };
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countMembers(item);
    return count;
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    count += typeof item === 'object' ? 1 + countMembers(item) : 1;
  }
  return count;
}

function parseEither(text: string): ParsedBody {
  if (!/^\s*[[{]/.test(text)) return parseYamlText(text);
  try {
    return parseJson(text);
  } catch (error) {
    if (isApiError(error) && error.cause === undefined) throw error;
    return parseYamlText(text); // it may still be YAML in its short form
  }
}

function parseYamlText(text: string): ParsedBody {
  const lines = new LineCounter();
  const duplicates = new Map<number, string>();
  const isSame = (a: ParsedNode, b: ParsedNode): boolean => {
    if (a.constructor !== b.constructor || !('value' in a) || (a as Scalar).value !== (b as Scalar).value) return false;
    const later = Math.max(a.range[0], b.range[0]);
    duplicates.set(later, `line ${String(lines.linePos(later).line)}: key ${JSON.stringify((b as Scalar).value)} already set in map`);
    return false;
  };
  try {
    const value: unknown = parseYaml(text, { maxAliasCount: 100, lineCounter: lines, uniqueKeys: isSame as never });
    checkDepth(JSON.stringify(value) ?? '');
    return { value, duplicates: duplicates.size === 0 ? NONE : [...duplicates.values()] };
  } catch (cause) {
    if (isApiError(cause)) throw cause;
    throw new ApiError('BadRequest', `the body of the request was in an unknown format - not YAML: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
