import { getOwn, isJsonObject } from '../json-data.ts';
import { DIRECTIVE, unfitPatch } from './patch-directives.ts';
import type { Fields } from './object-edit.ts';

/** Lists merge either as lists of objects, by a key, or as sets of primitive values. */
export type ElementKind = 'object' | 'primitive';

/** Which of the two the lists hold; undefined when they are empty. */
export function elementKind(...lists: (readonly unknown[])[]): ElementKind | undefined {
  let kind: ElementKind | undefined;
  for (const list of lists) {
    for (const item of list) {
      if (Array.isArray(item)) throw unfitPatch('lists of lists cannot be merged');
      const found = isJsonObject(item) ? 'object' : 'primitive';
      if (kind !== undefined && kind !== found) throw unfitPatch('a list mixes objects and other values');
      kind = found;
    }
  }
  return kind;
}

/** What tells the elements of a merging list apart: the value under the merge key, or the element itself. */
export function identityOf(item: unknown, mergeKey: string | undefined): unknown {
  if (mergeKey === undefined) return item;
  if (!isJsonObject(item) || !Object.hasOwn(item, mergeKey)) throw unfitPatch(`an element of a list has no "${mergeKey}" to be merged by`);
  return getOwn(item, mergeKey);
}

/** Whether an element of a list in a patch only says what to do. */
export const hasDirective = (item: unknown): item is Fields => isJsonObject(item) && Object.hasOwn(item, DIRECTIVE);

/** How the elements of a merged list are put in order. */
export interface ListOrder {
  /** The order that the patch asks for; its elements need be no more than their merge key. */
  readonly wanted: readonly unknown[];
  /** The order of the list before the patch. */
  readonly before: readonly unknown[];
  readonly mergeKey: string | undefined;
}

/**
 * Orders a merged list: what the patch names comes in the patch's order, what it does not name in the order from before, and the two are interleaved
 * so that an unnamed element stays before a named one that it was before.
 */
export function orderList(list: readonly unknown[], order: ListOrder): unknown[] {
  const { mergeKey } = order;
  const wanted = positions(order.wanted, mergeKey);
  const before = positions(order.before, mergeKey);
  const place = (item: unknown): number => before.get(identityOf(item, mergeKey)) ?? -1;
  const rank = (item: unknown): number => wanted.get(identityOf(item, mergeKey)) ?? -1;
  const named = list.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const others = list.filter((item) => rank(item) < 0).sort((a, b) => place(a) - place(b));
  const result: unknown[] = [];
  let next = 0;
  for (const item of others) {
    while (next < named.length && !(place(item) >= 0 && place(item) < place(named[next]))) result.push(named[next++]);
    result.push(item);
  }
  return [...result, ...named.slice(next)];
}

function positions(list: readonly unknown[], mergeKey: string | undefined): Map<unknown, number> {
  const found = new Map<unknown, number>();
  list.forEach((item, i) => {
    const identity = identityOf(item, mergeKey);
    if (!found.has(identity)) found.set(identity, i);
  });
  return found;
}
