import { EvaluationError, Optional, type Environment } from '@marcbachmann/cel-js';
import { nameProblems, type NameFormat } from '@kybern/core';
import { RE2JS } from 're2js';
import { formatCheck } from '../schema/formats.ts';

/** Registers one function that answers at once. */
export type Register = (signature: string, handler: (...args: never[]) => unknown) => void;

/** What a rule fails with while it is evaluated. */
export function evaluationError(message: string): EvaluationError {
  return new EvaluationError(message);
}

const outOfRange = (index: bigint): EvaluationError => evaluationError(`index out of range: ${index}`);

/** Compiled expressions of one set of rules. */
function createPatterns(): (pattern: string) => RE2JS {
  const known = new Map<string, RE2JS>();
  return (pattern) => {
    let compiled = known.get(pattern);
    if (compiled === undefined) {
      try {
        compiled = RE2JS.compile(pattern);
      } catch (error) {
        throw evaluationError(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (known.size < MAX_PATTERNS) known.set(pattern, compiled);
    }
    return compiled;
  };
}

/** More expressions than this are compiled anew each time: they come from data. */
const MAX_PATTERNS = 100;
const MAX_FIND = 100_000;

/** `matches`, `find` and `findAll`, which need time in proportion to the text only. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/library/regex.go */
export function registerRegex(register: Register, charge: (steps: number) => void): void {
  const compile = createPatterns();
  const prepared = (text: string, pattern: string): RE2JS => {
    charge(Math.ceil(text.length / 10) * Math.ceil(pattern.length / 4));
    return compile(pattern);
  };
  const findAll = (text: string, pattern: string, limit: number): string[] => {
    const matcher = prepared(text, pattern).matcher(text);
    const found: string[] = [];
    while (found.length < limit && matcher.find()) found.push(matcher.group() ?? '');
    return found;
  };
  register('string.k8sMatches(string): bool', (text: string, pattern: string) => prepared(text, pattern).test(text));
  register('k8sMatches(string, string): bool', (text: string, pattern: string) => prepared(text, pattern).test(text));
  register('string.find(string): string', (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '');
  register('string.findAll(string): list<string>', (text: string, pattern: string) => findAll(text, pattern, MAX_FIND));
  register('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) =>
    findAll(text, pattern, limit < 0n ? MAX_FIND : Math.min(Number(limit), MAX_FIND)),
  );
}

/** Functions of texts, which count characters and not UTF-16 units. @see cel-go ext/strings.go */
export function registerStrings(register: Register): void {
  const characters = (text: string): string[] => [...text];
  const indexOf = (text: string, wanted: string, from: bigint): bigint => {
    const all = characters(text);
    if (from < 0n || from > BigInt(all.length)) throw outOfRange(from);
    const at = all.slice(Number(from)).join('').indexOf(wanted);
    if (at < 0) return -1n;
    return from + BigInt(characters(all.slice(Number(from)).join('').slice(0, at)).length);
  };
  const lastIndexOf = (text: string, wanted: string, from?: bigint): bigint => {
    const all = characters(text);
    if (from !== undefined && (from < 0n || from > BigInt(all.length))) throw outOfRange(from);
    const size = characters(wanted).length;
    for (let i = Math.min(from === undefined ? all.length : Number(from), all.length - size); i >= 0; i--) {
      if (all.slice(i, i + size).join('') === wanted) return BigInt(i);
    }
    return -1n;
  };
  const substring = (text: string, start: bigint, end?: bigint): string => {
    const all = characters(text);
    const to = end ?? BigInt(all.length);
    if (start < 0n || start > BigInt(all.length)) throw outOfRange(start);
    if (to < start || to > BigInt(all.length)) throw outOfRange(to);
    return all.slice(Number(start), Number(to)).join('');
  };
  register('string.k8sIndexOf(string): int', (text: string, wanted: string) => indexOf(text, wanted, 0n));
  register('string.k8sIndexOf(string, int): int', indexOf);
  register('string.k8sLastIndexOf(string): int', (text: string, wanted: string) => lastIndexOf(text, wanted));
  register('string.k8sLastIndexOf(string, int): int', lastIndexOf);
  register('string.k8sSubstring(int): string', (text: string, start: bigint) => substring(text, start));
  register('string.k8sSubstring(int, int): string', substring);
  register('string.k8sLowerAscii(): string', (text: string) => text.replaceAll(/[A-Z]+/g, (part) => part.toLowerCase()));
  register('string.k8sUpperAscii(): string', (text: string) => text.replaceAll(/[a-z]+/g, (part) => part.toUpperCase()));
  register('string.charAt(int): string', (text: string, at: bigint) => {
    const all = characters(text);
    if (at < 0n || at > BigInt(all.length)) throw outOfRange(at);
    return all[Number(at)] ?? '';
  });
  register('string.replace(string, string): string', (text: string, old: string, next: string) => text.replaceAll(old, () => next));
  register('string.replace(string, string, int): string', replaceSome);
  register('string.reverse(): string', (text: string) => characters(text).reverse().join(''));
  register('string.format(list<dyn>): string', formatText);
}

function replaceSome(text: string, old: string, next: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(old, () => next);
  let left = limit;
  return text.replaceAll(old, (found) => (left-- > 0n ? next : found));
}

function formatText(text: string, values: readonly unknown[]): string {
  let next = 0;
  return text.replaceAll(/%(?:\.(\d+))?([%sdfebxXo])/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= values.length) throw evaluationError(`index ${next} out of range`);
    return formatValue(values[next++], verb, precision === undefined ? 6 : Number(precision));
  });
}

const BASES: Readonly<Record<string, number>> = { b: 2, x: 16, X: 16, o: 8, d: 10 };

function formatValue(value: unknown, verb: string, precision: number): string {
  if (verb === 's') return showValue(value);
  const isNumber = typeof value === 'bigint' || typeof value === 'number';
  if (!isNumber) throw evaluationError(`could not convert argument to ${verb === 'd' ? 'integer' : 'number'} in formatting clause %${verb}`);
  if (verb === 'f') return Number(value).toFixed(precision);
  if (verb === 'e') return Number(value).toExponential(precision);
  const shown = BigInt(value).toString(BASES[verb] ?? 10);
  return verb === 'X' ? shown.toUpperCase() : shown;
}

function showValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(', ')}]`;
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${showValue(key)}: ${showValue(item)}`).join(', ')}}`;
  return value instanceof Date ? value.toISOString().replace('.000Z', 'Z') : String(value);
}

/** A format of texts, as `format.dns1123Label()` gives it. */
class TextFormat {
  readonly check: (text: string) => readonly string[];

  constructor(check: TextFormat['check']) {
    this.check = check;
  }
}

class FormatNamespace {}

const NAME_FORMATS: Readonly<Record<string, NameFormat>> = {
  dns1123Label: 'dns1123Label',
  dns1123Subdomain: 'dns1123Subdomain',
  dns1035Label: 'dns1035Label',
  qualifiedName: 'qualifiedName',
  labelValue: 'labelValue',
};
const TEXT_FORMATS: Readonly<Record<string, string>> = { uri: 'uri', uuid: 'uuid', byte: 'byte', date: 'date', datetime: 'date-time' };

/** `format.<name>().validate(text)` and `format.named('<name>')`. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/library/format.go */
export function registerFormats(env: Environment, register: Register): void {
  env.registerType('FormatNamespace', FormatNamespace);
  env.registerType('NamedFormat', TextFormat);
  env.registerConstant('format', 'FormatNamespace', new FormatNamespace());
  const formats = new Map<string, TextFormat>();
  for (const [name, format] of Object.entries(NAME_FORMATS)) {
    formats.set(name, new TextFormat((text) => nameProblems(format, text)));
    formats.set(`${name}Prefix`, new TextFormat((text) => nameProblems(format, text.replace(/-$/, 'a'))));
  }
  for (const [name, format] of Object.entries(TEXT_FORMATS)) {
    const isRight = formatCheck(format);
    formats.set(name, new TextFormat((text) => (isRight?.(text) === false ? [`must be of type ${format}`] : [])));
  }
  for (const [name, format] of formats) register(`FormatNamespace.${name}(): NamedFormat`, () => format);
  register('FormatNamespace.named(string): optional<NamedFormat>', (_: unknown, name: string) => {
    const format = formats.get(name);
    return format === undefined ? Optional.none() : Optional.of(format);
  });
  register('NamedFormat.validate(string): optional<list<string>>', (format: TextFormat, text: string) => {
    const problems = format.check(text);
    return problems.length === 0 ? Optional.none() : Optional.of([...problems]);
  });
}
