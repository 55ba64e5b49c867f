import { isJsonObject } from '@kybern/core';

/** A step of a path: from the values so far to those that it leads to. */
type Step = (values: readonly unknown[]) => unknown[];

/** Finds the values that a path leads to; none when there is nothing there. */
export type JsonPath = (value: unknown) => readonly unknown[];

/** A path that cannot be read. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

/**
 * Compiles a path as printer columns have it: `.spec.replicas`, `.spec.ports[0].name`, `.status.conditions[?(@.type=="Ready")].status`, `.metadata.labels['a.b']`.
 *
 * @throws {JsonPathError} when it is none of these
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/util/jsonpath/parser.go
 */
export function compileJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  let rest = text.replace(/^\$/, '');
  while (rest !== '') {
    const [step, length] = nextStep(rest);
    steps.push(step);
    rest = rest.slice(length);
  }
  return (value) => steps.reduce<readonly unknown[]>((values, step) => step(values), [value]);
}

const NAME = /^\.?((?:\\.|[^.[\]\\{}()'"\s])+)/;
const FILTER = /^\[\?\(\s*@([^=!<>)]*?)\s*(?:(==|!=|<=|>=|<|>)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?\d+(?:\.\d+)?|true|false|@[^)]*))?\s*\)\]/;
const QUOTED = /^\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/;
const INDEX = /^\[\s*(-?\d+)\s*\]/;
const SLICE = /^\[\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(\d+)\s*)?\]/;

function nextStep(rest: string): [Step, number] {
  const any = /^(?:\.?\[\*\]|\.\*)/.exec(rest);
  if (any !== null) return [(values) => values.flatMap(childrenOf), any[0].length];
  if (rest === '.') return [(values) => [...values], 1];
  if (rest.startsWith('..')) return [(values) => values.flatMap(allBelow), rest.startsWith('..[') ? 2 : 1];
  const bracket = rest.startsWith('.[') ? rest.slice(1) : rest;
  const extra = rest.length - bracket.length;
  const quoted = QUOTED.exec(bracket);
  if (quoted !== null) return [field((quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/g, '$1')), quoted[0].length + extra];
  const index = INDEX.exec(bracket);
  if (index !== null)
    return [(values) => values.flatMap((value) => (Array.isArray(value) ? defined(value.at(Number(index[1]))) : [])), index[0].length + extra];
  const slice = SLICE.exec(bracket);
  if (slice !== null) return [sliceOf(slice), slice[0].length + extra];
  const filter = FILTER.exec(bracket);
  if (filter !== null) return [filterOf(filter), filter[0].length + extra];
  const name = NAME.exec(rest);
  if (name !== null) return [field((name[1] ?? '').replaceAll(/\\(.)/g, '$1')), name[0].length];
  throw new JsonPathError(`unrecognized character in action: ${rest}`);
}

const defined = (value: unknown): unknown[] => (value === undefined ? [] : [value]);

function field(name: string): Step {
  return (values) => values.flatMap((value) => (isJsonObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isJsonObject(value) ? Object.values(value) : [];
}

function allBelow(value: unknown): unknown[] {
  return [value, ...childrenOf(value).flatMap(allBelow)];
}

function sliceOf([, from = '', to = '', by = '1']: RegExpExecArray): Step {
  const step = Math.max(1, Number(by));
  return (values) =>
    values.flatMap((value) =>
      Array.isArray(value) ? value.slice(from === '' ? undefined : Number(from), to === '' ? undefined : Number(to)).filter((_, i) => i % step === 0) : [],
    );
}

/** Keeps the items for which something is there, or compares with something. */
function filterOf([, left = '', operator, right = '']: RegExpExecArray): Step {
  const read = compileJsonPath(left);
  const other = right.startsWith('@') ? compileJsonPath(right.slice(1)) : undefined;
  const literal = other === undefined && operator !== undefined ? literalOf(right) : undefined;
  const keeps = (item: unknown): boolean => {
    const [value] = read(item);
    if (operator === undefined) return value !== undefined;
    return value !== undefined && compare(value, operator, other === undefined ? literal : other(item)[0]);
  };
  return (values) => values.flatMap((value) => childrenOf(value).filter(keeps));
}

function literalOf(text: string): unknown {
  const quote = text.charAt(0);
  if (quote === '"' || quote === "'") return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  return text === 'true' ? true : text === 'false' ? false : Number(text);
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    default: {
      if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) return false;
      const [a, b] = [left, right as number | string];
      return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b;
    }
  }
}

/** The names of a path that is nothing but names, such as `.spec.replicas`; undefined for any other. */
export function simplePath(text: string): readonly string[] | undefined {
  return /^(?:\.[A-Za-z_$][A-Za-z0-9_$-]*)+$/.test(text) ? text.slice(1).split('.') : undefined;
}

/** The value at a path of names. */
export function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** `object` with another value at a path of names; what lies beside the path is shared. */
export function withValueAt(object: unknown, path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const fields = isJsonObject(object) ? object : {};
  return { ...fields, [name]: withValueAt(Object.hasOwn(fields, name) ? fields[name] : undefined, rest, value) };
}
