import type { KubernetesObject, ObjectMeta } from '@kybern/core';
import { freezeAll } from './freeze.ts';
import type { Resource } from './resource.ts';

/**
 * Objects that are made from one template have most of their parts in common: the thousand Pods of a ReplicaSet have one spec. A new object gets the
 * parts that it has in common with the one before from that one, so they are in memory once, frozen once, and their JSON is written once.
 */
export interface Siblings {
  /**
   * Freezes the parts of a new object, but not itself and its metadata, which the store still stamps. Parts that an earlier object has as well, to the
   * order of the fields, are replaced by those.
   *
   * @param object private and shallower than the decoder allows
   */
  settle(object: KubernetesObject, resource: Resource): void;
  /** The JSON of a part that several objects have; undefined when it is not known to be one. Made when it is first asked for. */
  textOf(part: object): string | undefined;
}

/** A frozen part of an object, taken apart so that another is quickly compared with it. */
interface Part {
  readonly value: object;
  /** Undefined of a list. */
  readonly keys: readonly string[] | undefined;
  /** A {@link Part} for whatever is an object. */
  readonly items: readonly unknown[];
}

/** What objects of one template look like. */
interface Family {
  /** The object that others are compared with. */
  model: KubernetesObject;
  /** Its parts, taken apart when there is a second object; null: it is not worth it. */
  parts: ReadonlyMap<string, Part> | null | undefined;
  /** How many objects in a row had little in common with the model. */
  strangers: number;
}

type Fields = Record<string, unknown>;

/** So many templates are known at a time. */
const MAX_FAMILIES = 128;
/** Larger objects are not kept for others to be compared with: characters of text, and parts. */
const MAX_CHARS = 65_536;
const MAX_PARTS = 2000;
/** Parts that lie deeper have no text of their own: `spec.containers` has one, `spec.containers[0]` does not. */
const TEXT_DEPTH = 2;

/** Makes {@link Siblings} that know nothing yet. */
export function createSiblings(): Siblings {
  const families = new Map<string, Family>();
  const texts = new WeakMap<object, string>();
  const join = (key: string, model: KubernetesObject): void => {
    families.set(key, { model, parts: undefined, strangers: 0 });
    if (families.size > MAX_FAMILIES) for (const oldest of families.keys()) return void families.delete(oldest);
  };
  return {
    settle(object, { prefix }) {
      if (Object.isFrozen(object)) return;
      const key = `${prefix}${controllerOf(object.metadata) ?? ''}`;
      const family = families.get(key);
      if (family === undefined) {
        settleParts(object, NO_PARTS, { texts, shared: 0, made: 0 });
        join(key, object);
        return;
      }
      family.parts ??= partsOf(family.model);
      const run: Run = { texts, shared: 0, made: 0 };
      settleParts(object, family.parts ?? NO_PARTS, run);
      if (run.shared >= run.made) family.strangers = 0;
      // Where objects have nothing in common, it is found out less and less often.
      else if (isPowerOfTwo(++family.strangers)) Object.assign(family, { model: object, parts: undefined });
    },
    textOf(part) {
      const text = texts.get(part);
      if (text !== '') return text;
      const made = JSON.stringify(part);
      texts.set(part, made);
      return made;
    },
  };
}

const NO_PARTS: ReadonlyMap<string, Part> = new Map();

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;

function controllerOf({ ownerReferences }: ObjectMeta): string | undefined {
  if (ownerReferences === undefined) return undefined;
  for (const { controller, uid } of ownerReferences) if (controller === true) return uid;
  return undefined;
}

/** The settling of one object. */
interface Run {
  /** The parts that several objects have, with their JSON; empty while nobody asked for it. */
  readonly texts: WeakMap<object, string>;
  shared: number;
  made: number;
}

function settleParts(object: object, parts: ReadonlyMap<string, Part>, run: Run): void {
  for (const key in object) {
    const value = (object as Fields)[key];
    if (typeof value !== 'object' || value === null) continue;
    if (key !== 'metadata') replace(object as Fields, key, settlePart(value, parts.get(key), run, 1));
    else if (!Object.isFrozen(value)) settleMetadata(value as Fields, parts, run);
  }
}

function settleMetadata(metadata: Fields, parts: ReadonlyMap<string, Part>, run: Run): void {
  for (const key in metadata) {
    const value = metadata[key];
    if (typeof value === 'object' && value !== null) replace(metadata, key, settlePart(value, parts.get(`metadata/${key}`), run, 1));
  }
}

/** Keys are data: `__proto__` is not assigned to. */
function replace(target: Fields, key: string, value: object): void {
  if (target[key] === value) return;
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

// The walk below visits every part of every new object: no closures, no options objects.

/** @returns the part that `like` has, if it is the same; else `value`, frozen through and through, with what of it is the same */
function settlePart(value: object, like: unknown, run: Run, depth: number): object {
  const part = typeof like === 'object' ? (like as Part | null) : undefined;
  if (part === undefined || part === null || Array.isArray(value) !== (part.keys === undefined)) {
    run.made += 1;
    freezeAll(value);
    return value;
  }
  const same = part.keys === undefined ? settleList(value as unknown[], part.items, run, depth) : settleFields(value as Fields, part, run, depth);
  if (!same) {
    run.made += 1;
    return Object.freeze(value);
  }
  run.shared += 1;
  if (depth <= TEXT_DEPTH && !run.texts.has(part.value)) run.texts.set(part.value, '');
  return part.value;
}

function settleList(list: unknown[], like: readonly unknown[], run: Run, depth: number): boolean {
  let same = list.length === like.length;
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    const before = like[i];
    if (typeof item !== 'object' || item === null) {
      if (item !== before) same = false;
      continue;
    }
    const settled = settlePart(item, before, run, depth + 1);
    if (settled !== item && !Object.isFrozen(list)) list[i] = settled;
    if (settled !== (before as Part | undefined)?.value) same = false;
  }
  return same;
}

/** The same fields in another order are not the same: they make another text. */
function settleFields(fields: Fields, { keys, items }: Part, run: Run, depth: number): boolean {
  const names = keys as readonly string[];
  let same = true;
  let at = 0;
  for (const key in fields) {
    const item = fields[key];
    const place = names[at] === key ? at : names.indexOf(key);
    if (place !== at) same = false;
    at += 1;
    const before = place < 0 ? undefined : items[place];
    if (typeof item !== 'object' || item === null) {
      if (item !== before) same = false;
      continue;
    }
    const settled = settlePart(item, before, run, depth + 1);
    if (settled !== item && !Object.isFrozen(fields)) replace(fields, key, settled);
    if (settled !== (before as Part | undefined)?.value) same = false;
  }
  return same && at === names.length;
}

/** Takes an object's parts apart; null when it is too large to be kept for that. */
function partsOf(object: KubernetesObject): ReadonlyMap<string, Part> | null {
  const parts = new Map<string, Part>();
  const budget = { chars: MAX_CHARS, parts: MAX_PARTS };
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'object' || value === null) continue;
    if (key !== 'metadata') parts.set(key, takeApart(value as object, budget));
    else for (const [name, field] of Object.entries(value as object)) if (isObject(field)) parts.set(`metadata/${name}`, takeApart(field, budget));
  }
  return budget.chars < 0 || budget.parts < 0 ? null : parts;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function takeApart(value: object, budget: { chars: number; parts: number }): Part {
  budget.parts -= 1;
  const item = (child: unknown): unknown => {
    if (typeof child === 'string') budget.chars -= child.length;
    return isObject(child) && budget.parts >= 0 ? takeApart(child, budget) : child;
  };
  if (Array.isArray(value)) return { value, keys: undefined, items: value.map(item) };
  const keys = Object.keys(value);
  return { value, keys, items: keys.map((key) => item((value as Fields)[key])) };
}
