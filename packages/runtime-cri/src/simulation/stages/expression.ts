import { quantityToNumber } from '@kybern/core';

/** What an expression may ask for. Times are in seconds. */
export interface Variables {
  /** Since the container's start, or since the stage that set the curve. */
  readonly age: number;
  /** Since midnight, UTC. */
  readonly time: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** How many running containers there are that the same curve is for. */
  readonly replicas: number;
  /** How often the container was restarted. */
  readonly attempt: number;
}

/** An expression that is ready to be asked. Truth is 1, and what is not 0 is true. */
export type Expression = (variables: Variables) => number;

const VARIABLES: Readonly<Record<keyof Variables, true>> = { age: true, time: true, weekday: true, replicas: true, attempt: true };
const CONSTANTS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3_600, day: 86_400, pi: Math.PI, true: 1, false: 0 };
const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  min: Math.min,
  max: Math.max,
  abs: Math.abs,
  floor: Math.floor,
  sin: Math.sin,
};
const TOKEN = /\s*(?:(\d+(?:\.\d+)?(?:[KMGTP]i|[mkMGTP])?(?![\w.]))|([a-z]+)|(&&|\|\||[<>=!]=|[-+*/%<>!?:(),]))/y;
const MAX_LENGTH = 1_000;
/** From the loosest to the tightest. */
const OPERATORS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { '||': (a, b) => (a !== 0 ? 1 : Number(b !== 0)) },
  { '&&': (a, b) => (a === 0 ? 0 : Number(b !== 0)) },
  { '==': (a, b) => Number(a === b), '!=': (a, b) => Number(a !== b) },
  { '<': (a, b) => Number(a < b), '<=': (a, b) => Number(a <= b), '>': (a, b) => Number(a > b), '>=': (a, b) => Number(a >= b) },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / b, '%': (a, b) => a % b },
];

/**
 * Makes a function of an expression: numbers with the suffixes of quantities (`100m`, `64Mi`), the {@link Variables}, `second` to `day`, `pi`, arithmetic,
 * comparisons, `&&`, `||`, `!`, `? :`, and `min`, `max`, `abs`, `floor`, `sin`.
 *
 * @example compileExpression('time >= 8 * hour && time < 18 * hour ? 900m : 100m')
 * @throws {SyntaxError} with the position, from 1
 */
export function compileExpression(text: string): Expression {
  const parser = new Parser(text);
  const expression = parser.conditional();
  parser.end();
  return expression;
}

class Parser {
  readonly #text: string;
  #at = 0;
  /** Where the next token begins. */
  #begin = 0;
  #token = '';

  constructor(text: string) {
    if (text.length > MAX_LENGTH) throw new SyntaxError(`an expression may have ${String(MAX_LENGTH)} characters, not ${String(text.length)}`);
    this.#text = text;
    this.#next();
  }

  end(): void {
    if (this.#token !== '') this.#fail(`unexpected "${this.#token}"`);
  }

  conditional(): Expression {
    const condition = this.#binary(0);
    if (!this.#take('?')) return condition;
    const yes = this.conditional();
    this.#expect(':');
    const no = this.conditional();
    return (variables) => (condition(variables) !== 0 ? yes(variables) : no(variables));
  }

  #binary(level: number): Expression {
    const operators = OPERATORS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (let apply = own(operators, this.#token); apply !== undefined; apply = own(operators, this.#token)) {
      this.#next();
      const [a, b, operate] = [left, this.#binary(level + 1), apply];
      left = (variables) => operate(a(variables), b(variables));
    }
    return left;
  }

  #unary(): Expression {
    if (this.#take('-')) return negate(this.#unary());
    if (this.#take('!')) return not(this.#unary());
    return this.#primary();
  }

  #primary(): Expression {
    const token = this.#token;
    if (this.#take('(')) {
      const inner = this.conditional();
      this.#expect(')');
      return inner;
    }
    if (/^\d/.test(token)) return constant((this.#next(), quantityToNumber(token)));
    if (!/^[a-z]/.test(token)) return this.#fail(token === '' ? 'it ends too early' : `unexpected "${token}"`);
    const known = own(CONSTANTS, token);
    if (known !== undefined) return constant((this.#next(), known));
    const variable = own(VARIABLES, token);
    if (variable === true) return (this.#next(), (variables) => variables[token as keyof Variables]);
    const call = own(FUNCTIONS, token);
    return call === undefined ? this.#fail(`there is no "${token}"; there are ${NAMES.join(', ')}`) : this.#call(call);
  }

  #call(call: (...values: number[]) => number): Expression {
    this.#next();
    this.#expect('(');
    const values = [this.conditional()];
    while (this.#take(',')) values.push(this.conditional());
    this.#expect(')');
    return (variables) => call(...values.map((value) => value(variables)));
  }

  #take(token: string): boolean {
    if (this.#token !== token) return false;
    this.#next();
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) this.#fail(`expected "${token}"${this.#token === '' ? '' : `, not "${this.#token}"`}`);
  }

  #next(): void {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    this.#token = match?.[1] ?? match?.[2] ?? match?.[3] ?? '';
    this.#begin = match === null ? this.#at : TOKEN.lastIndex - this.#token.length;
    if (match !== null) this.#at = TOKEN.lastIndex;
    else if (this.#text.slice(this.#at).trim() !== '') this.#fail('not understood');
  }

  #fail(what: string): never {
    throw new SyntaxError(`${what}, at character ${String(this.#begin + 1)} of "${this.#text}"`);
  }
}

const NAMES = [...Object.keys(VARIABLES), ...Object.keys(CONSTANTS), ...Object.keys(FUNCTIONS).map((name) => `${name}()`)];

function own<T>(of: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}

const constant =
  (value: number): Expression =>
  () =>
    value;
const negate =
  (of: Expression): Expression =>
  (variables) =>
    -of(variables);
const not =
  (of: Expression): Expression =>
  (variables) =>
    Number(of(variables) === 0);
