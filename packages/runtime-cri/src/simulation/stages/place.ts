import { parseDuration, quantityToNumber } from '@kybern/core';

/** A script of a simulation is not what it should be. The message says where: file, document and field. */
export class ScriptError extends Error {
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
    this.name = 'ScriptError';
  }
}

/** A value of a script, and where it stands. Reading what is not there, or not of its type, throws a {@link ScriptError}. */
export class Place {
  readonly where: string;
  readonly value: unknown;
  readonly #document: string;
  readonly #path: string;

  constructor(document: string, value: unknown, path = '') {
    this.#document = document;
    this.#path = path;
    this.where = path === '' ? document : `${document}: ${path}`;
    this.value = value;
  }

  get isThere(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  fail(what: string): never {
    throw new ScriptError(this.where, what);
  }

  /** A field of it, which may be absent. */
  at(key: string): Place {
    const value = this.isThere ? (this.#asObject() as Record<string, unknown>)[key] : undefined;
    return new Place(this.#document, value, this.#path === '' ? key : `${this.#path}.${key}`);
  }

  /** It is an object, and has no other fields than these. */
  fields(...known: readonly string[]): this {
    for (const key of Object.keys(this.#asObject())) if (!known.includes(key)) this.at(key).fail(`unknown field; there are ${known.join(', ')}`);
    return this;
  }

  list(): readonly Place[] {
    if (!Array.isArray(this.value)) return this.fail(`expected a list, not ${show(this.value)}`);
    return this.value.map((value: unknown, index) => new Place(this.#document, value, `${this.#path}[${String(index)}]`));
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.fail(`expected a text, not ${show(this.value)}`);
  }

  flag(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.fail(`expected true or false, not ${show(this.value)}`);
  }

  /** A whole number of at least `min`. */
  whole(min = 0): number {
    const { value } = this;
    return Number.isInteger(value) && (value as number) >= min
      ? (value as number)
      : this.fail(`expected a whole number of at least ${String(min)}, not ${show(value)}`);
  }

  durationMs(): number {
    return this.#parse((value) => parseDuration(value as string), 'a duration such as 30s or 5m');
  }

  quantity(): number {
    return this.#parse((value) => quantityToNumber(value as string), 'a quantity such as 100m or 64Mi');
  }

  /** What `read` makes of it; what that throws is said of this place. */
  read<T>(read: (value: unknown) => T): T {
    try {
      return read(this.value);
    } catch (error) {
      if (error instanceof ScriptError) throw error;
      return this.fail((error as Error).message);
    }
  }

  /** What `read` makes of it if it is there. */
  maybe<T>(read: (place: Place) => T): T | undefined {
    return this.isThere ? read(this) : undefined;
  }

  #parse(parse: (value: unknown) => number, expected: string): number {
    const { value } = this;
    if (typeof value !== 'string' && typeof value !== 'number') return this.fail(`expected ${expected}, not ${show(value)}`);
    try {
      const parsed = parse(value);
      if (parsed >= 0) return parsed;
    } catch {
      // said below, with what is expected
    }
    return this.fail(`expected ${expected}, not ${show(value)}`);
  }

  #asObject(): object {
    const { value } = this;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : this.fail(`expected an object, not ${show(value)}`);
  }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
