import { edit, edited, setField } from '../internal/object-edit.ts';
import { deepEqual, getOwn } from '../json-data.ts';
import type { FieldType } from './field-type.ts';
import { checkDepth, isGranularList, isGranularMap } from './fields-of.ts';
import { itemElement } from './path-element.ts';

/**
 * `live` with what `applied` says: maps and lists merge as their type says, everything else is replaced. Neither is changed, and what stays the same keeps
 * its identity: the result is `live` itself when `applied` says nothing new.
 *
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff typed/merge.go
 */
export function mergeFields(live: unknown, applied: unknown, type: FieldType): unknown {
  return mergeValue(live, applied, { type, depth: 0 });
}

interface Place {
  readonly type: FieldType;
  readonly depth: number;
}

function mergeValue(live: unknown, applied: unknown, place: Place): unknown {
  const { type, depth } = place;
  checkDepth(depth);
  if (applied === undefined || live === applied) return live;
  if (live === undefined) return applied;
  if (isGranularMap(live, type) && isGranularMap(applied, type)) return mergeMaps(live, applied, place);
  if (isGranularList(live, type) && isGranularList(applied, type)) return mergeLists(live, applied, place);
  return deepEqual(live, applied) ? live : applied;
}

type Fields = Readonly<Record<string, unknown>>;

function mergeMaps(live: Fields, applied: Fields, { type, depth }: Place): Fields {
  const object = edit(live);
  for (const name of Object.keys(applied)) {
    if (applied[name] === undefined) continue;
    setField(object, name, mergeValue(getOwn(live, name), applied[name], { type: type.field(name).type, depth: depth + 1 }));
  }
  return edited(object);
}

/** The elements of one list, in order, each with what it is called. */
interface Elements {
  readonly order: readonly string[];
  /** Undefined where several elements cannot be told apart: they are replaced, not merged. */
  readonly byElement: ReadonlyMap<string, unknown>;
}

function elementsOf(list: readonly unknown[], type: FieldType): Elements {
  const byElement = new Map<string, unknown>();
  const order = list.map((item, i) => {
    const element = itemElement(type, item, i);
    byElement.set(element, byElement.has(element) ? undefined : item);
    return element;
  });
  return { order, byElement };
}

/**
 * The order is that of `applied`; elements that only `live` has stay behind the ones that they came after, and before what is new.
 */
function mergeLists(live: readonly unknown[], applied: readonly unknown[], place: Place): readonly unknown[] {
  const { type } = place;
  const items = { type: type.items(), depth: place.depth + 1 };
  const lives = elementsOf(live, type);
  const news = elementsOf(applied, type);
  const shared = news.order.filter((element) => lives.byElement.has(element));
  const out: unknown[] = [];
  let at = 0;
  let next = 0;
  news.order.forEach((element, i) => {
    at = takeLive({ live, lives, news, out }, { at, element, next: shared[next] });
    out.push(mergeValue(lives.byElement.get(element), applied[i], items));
    if (element === shared[next]) next += 1;
  });
  for (; at < live.length; at++) if (!news.byElement.has(lives.order[at] as string)) out.push(live[at]);
  return out.length === live.length && out.every((item, i) => item === live[i]) ? live : out;
}

interface ListMerge {
  readonly live: readonly unknown[];
  readonly lives: Elements;
  readonly news: Elements;
  readonly out: unknown[];
}

/**
 * Takes over what only `live` has, up to the element that comes next.
 *
 * @param step.next the first element of both lists that is still to come in the order of `applied`
 * @returns where in `live` to go on
 */
function takeLive({ live, lives, news, out }: ListMerge, step: { readonly at: number; readonly element: string; readonly next: string | undefined }): number {
  const { element, next } = step;
  for (let { at } = step; ; at++) {
    const mine = lives.order[at];
    if (mine === undefined) return at;
    if (!news.byElement.has(mine)) out.push(live[at]);
    else if (mine === element || next === undefined) return at + 1;
    else if (mine === next) return at;
  }
}
