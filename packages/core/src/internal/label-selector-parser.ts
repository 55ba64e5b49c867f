import { ApiError } from '../api-error.ts';
import type { LabelSelectorOperator, LabelSelectorRequirement } from '../label-selector.ts';

/** Symbols longest first; anything else up to a symbol or blank is a word. */
const TOKEN = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/y;
const SYMBOLS: ReadonlySet<string> = new Set(['==', '!=', '=', '!', '(', ')', ',', '<', '>']);
const OPERATORS: ReadonlyMap<string, LabelSelectorOperator> = new Map([
  ['=', 'In'],
  ['==', 'In'],
  ['!=', 'NotIn'],
  ['in', 'In'],
  ['notin', 'NotIn'],
  ['>', 'Gt'],
  ['<', 'Lt'],
]);

/** Where the parser is: `tokens[at]` is the next token, undefined at the end. */
interface Cursor {
  readonly text: string;
  readonly tokens: readonly string[];
  at: number;
}

/** Reads the syntax of selectors; keys and values are not checked. */
export function parseSelectorTerms(text: string): LabelSelectorRequirement[] {
  const cursor: Cursor = { text, tokens: tokenize(text), at: 0 };
  const requirements: LabelSelectorRequirement[] = [];
  if (cursor.tokens.length === 0) return requirements;
  for (;;) {
    requirements.push(parseTerm(cursor));
    if (cursor.at >= cursor.tokens.length) return requirements;
    expect(cursor, ',');
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (match === null) break;
    tokens.push(match[1] as string);
  }
  return tokens;
}

function parseTerm(cursor: Cursor): LabelSelectorRequirement {
  if (peek(cursor) === '!') {
    cursor.at += 1;
    return { key: word(cursor, 'a label key'), operator: 'DoesNotExist' };
  }
  const key = word(cursor, 'a label key or "!"');
  const next = peek(cursor);
  if (next === undefined || next === ',') return { key, operator: 'Exists' };
  const operator = OPERATORS.get(next);
  if (operator === undefined) throw unexpected(cursor, 'an operator');
  cursor.at += 1;
  return { key, operator, values: next === 'in' || next === 'notin' ? valueList(cursor) : [optionalWord(cursor)] };
}

function valueList(cursor: Cursor): string[] {
  expect(cursor, '(');
  if (peek(cursor) === ')') throw unexpected(cursor, 'a value');
  const values = new Set<string>();
  for (;;) {
    values.add(optionalWord(cursor));
    if (peek(cursor) === ')') break;
    expect(cursor, ',');
  }
  cursor.at += 1;
  return [...values];
}

const peek = (cursor: Cursor): string | undefined => cursor.tokens[cursor.at];

function word(cursor: Cursor, what: string): string {
  const token = peek(cursor);
  if (token === undefined || SYMBOLS.has(token)) throw unexpected(cursor, what);
  cursor.at += 1;
  return token;
}

/** A word, or nothing before the end, a comma or a closing parenthesis: the empty value. */
function optionalWord(cursor: Cursor): string {
  const token = peek(cursor);
  return token === undefined || token === ',' || token === ')' ? '' : word(cursor, 'a value');
}

function expect(cursor: Cursor, token: string): void {
  if (peek(cursor) !== token) throw unexpected(cursor, `"${token}"`);
  cursor.at += 1;
}

function unexpected(cursor: Cursor, wanted: string): ApiError {
  const token = peek(cursor);
  const found = token === undefined ? 'the end' : `"${token}"`;
  return new ApiError('BadRequest', `invalid label selector "${cursor.text}": found ${found} where ${wanted} was expected`);
}
