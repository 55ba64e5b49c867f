import { isJsonObject } from '../json-data.ts';
import type { FieldType } from './field-type.ts';

/**
 * What was found out about objects of one type, by their outlines: which fields they have, and what tells the elements of their lists apart. Everything about
 * the ownership of a whole object depends on that alone, and most objects have the outline of one before them.
 */
export interface Outlines<V> {
  /** What is remembered of objects with this outline; else what `find` finds. `find` must depend on the outline alone. */
  of(object: unknown, find: () => V): V;
}

/**
 * A step from one outline to a longer one. Nearly all have one that follows, so it needs no map.
 *
 * Invariant: `more` has the steps other than `next`.
 */
interface Step<V> {
  token: Token;
  next: Step<V> | undefined;
  more: Map<Token, Step<V>> | undefined;
  found: { readonly value: V } | undefined;
}

/** A field's name or a scalar that tells an element apart; or where something begins and ends. */
type Token = unknown;

const MAP = Symbol('map');
const LIST = Symbol('list');
const END = Symbol('end');
/** Stands before an element by its place, so that it is not taken for one by its value. */
const PLACE = Symbol('place');
const ABSENT = Symbol('absent');

/** So many steps are kept, about 80 bytes each; then everything is forgotten. */
const MAX_STEPS = 50_000;
/** Outlines are not told apart further down; nothing is remembered of such objects. */
const MAX_DEPTH = 100;

/** Makes {@link Outlines}. @param type how the fields of the objects are owned */
export function createOutlines<V>(type: FieldType, maxSteps: number = MAX_STEPS): Outlines<V> {
  let root = stepOf<V>(undefined);
  let steps = 0;
  let at = root;
  let odd = false;

  const go = (token: Token): void => {
    const from = at;
    if (from.next !== undefined && from.token === token) {
      at = from.next;
      return;
    }
    const known = from.more?.get(token);
    if (known !== undefined) {
      at = known;
      return;
    }
    steps += 1;
    at = stepOf<V>(undefined);
    if (from.next === undefined) {
      from.token = token;
      from.next = at;
    } else (from.more ??= new Map()).set(token, at);
  };

  const walk = (value: unknown, of: FieldType, depth: number): void => {
    if (typeof value !== 'object' || value === null) return;
    if (depth > MAX_DEPTH) odd = true;
    else if (Array.isArray(value)) {
      if (of.list.by !== 'nothing') walkList(value, of, depth);
    } else if (!of.atomicMap) walkMap(value as Readonly<Record<string, unknown>>, of, depth);
  };

  const walkMap = (value: Readonly<Record<string, unknown>>, of: FieldType, depth: number): void => {
    go(MAP);
    for (const name in value) {
      const item = value[name];
      if (item === undefined) continue;
      go(name);
      if (typeof item === 'object') walk(item, of.field(name).type, depth + 1);
    }
    go(END);
  };

  const walkList = (value: readonly unknown[], of: FieldType, depth: number): void => {
    go(LIST);
    const items = of.items();
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      identify(item, of);
      walk(item, items, depth + 1);
    }
    go(END);
  };

  const identify = (item: unknown, { list }: FieldType): void => {
    if (list.by === 'value') scalar(item);
    else if (list.by === 'nothing' || !isJsonObject(item)) go(PLACE);
    else
      for (const key of list.keys) {
        const own = Object.hasOwn(item, key.name) ? item[key.name] : undefined;
        const known = own ?? key.default;
        if (known === undefined || known === null) go(ABSENT);
        else scalar(known);
      }
  };

  const scalar = (value: unknown): void => {
    // An object as an identity is not valid; -0 is written as 0, but is the same key of a map.
    if (typeof value === 'object' && value !== null) odd = true;
    else go(value);
  };

  return {
    of(object, find) {
      if (steps > maxSteps) [root, steps] = [stepOf<V>(undefined), 0];
      at = root;
      odd = false;
      walk(object, type, 0);
      if (odd) return find();
      const end = at;
      end.found ??= { value: find() };
      return end.found.value;
    },
  };
}

function stepOf<V>(token: Token): Step<V> {
  return { token, next: undefined, more: undefined, found: undefined };
}
