import { ApiError } from './api-error.ts';
import type { Schema } from './kind-model.ts';
import { DELETE_FROM_LIST, DIRECTIVE, RETAIN_KEYS, SET_ORDER, unfitPatch } from './internal/patch-directives.ts';
import { elementKind, hasDirective, identityOf } from './internal/patch-lists.ts';
import { patchMetadata, type PatchMetadata } from './internal/patch-metadata.ts';
import type { Fields } from './internal/object-edit.ts';
import { cloneJson, deepEqual, getOwn, isJsonObject, setOwn } from './json-data.ts';
import type { JsonObject } from './object.ts';

/** The three states that `kubectl apply` compares. */
export interface ThreeWayInput {
  /** What was applied last (the annotation `kubectl.kubernetes.io/last-applied-configuration`); unset when nothing was. */
  readonly original?: object | undefined;
  /** What is wanted. */
  readonly modified: object;
  /** What the server has. */
  readonly current: object;
}

/** What a comparison reports. */
interface DiffMode {
  readonly changes: boolean;
  readonly deletions: boolean;
}

type Patch = Record<string, unknown>;

/**
 * The strategic merge patch that `kubectl apply` sends: it brings the fields of `modified` into `current`, removes those that `original` had and
 * `modified` has no longer, and leaves alone what others have set. With a schema that has no merge keys it is a JSON merge patch.
 *
 * @returns a patch that may also remove what is gone already or set the order that is there; applied, such a patch changes nothing
 * @throws {ApiError} `BadRequest` when an input is not JSON data, `Invalid` when a list to be merged has elements without their merge key
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (CreateThreeWayMergePatch)
 */
export function createThreeWayPatch({ original = {}, modified, current }: ThreeWayInput, schema: Schema): JsonObject {
  const wanted = document(modified);
  const changes = diffObjects(document(current), wanted, { schema, retainKeys: false, mode: { changes: true, deletions: false } });
  const deletions = diffObjects(document(original), wanted, { schema, retainKeys: false, mode: { changes: false, deletions: true } });
  return combine(deletions, changes, schema) as JsonObject;
}

function document(value: object): Fields {
  const copy: unknown = cloneJson(value);
  if (!isJsonObject(copy)) throw new ApiError('BadRequest', 'what is applied must be an object');
  return copy;
}

interface DiffContext {
  readonly schema: Schema | undefined;
  readonly retainKeys: boolean;
  readonly mode: DiffMode;
}

function diffObjects(before: Fields, after: Fields, context: DiffContext): Patch {
  const { mode } = context;
  const patch: Patch = {};
  for (const name of Object.keys(after)) {
    const [old, value] = [getOwn(before, name), getOwn(after, name)];
    const metadata = patchMetadata(context.schema, name);
    if (isJsonObject(old) && isJsonObject(value)) diffObjectField(patch, name, { old, value, metadata, mode });
    else if (Array.isArray(old) && Array.isArray(value) && metadata.strategy === 'merge') diffListField(patch, name, { old, value, metadata, mode });
    else if (mode.changes && !deepEqual(old, value)) setOwn(patch, name, value);
  }
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  if (mode.deletions) for (const name of gone) setOwn(patch, name, null);
  if (context.retainKeys && (Object.keys(patch).length > 0 || gone.some((name) => getOwn(before, name) !== null))) {
    const kept = Object.keys(after).filter((name) => getOwn(after, name) !== null);
    if (kept.length > 0) patch[RETAIN_KEYS] = kept.sort();
  }
  return patch;
}

interface FieldDiff<V> {
  readonly old: V;
  readonly value: V;
  readonly metadata: PatchMetadata;
  readonly mode: DiffMode;
}

function diffObjectField(patch: Patch, name: string, { old, value, metadata, mode }: FieldDiff<Fields>): void {
  if (metadata.strategy === 'replace') {
    if (mode.changes && !deepEqual(old, value)) setOwn(patch, name, value);
    return;
  }
  const inner = diffObjects(old, value, { schema: metadata.schema, retainKeys: metadata.retainKeys, mode });
  if (Object.keys(inner).length > 0) setOwn(patch, name, inner);
}

function diffListField(patch: Patch, name: string, diff: FieldDiff<readonly unknown[]>): void {
  const { old, value, mode } = diff;
  if (old.length === 0) {
    if (mode.changes && value.length > 0) setOwn(patch, name, value);
    return;
  }
  if (elementKind(old, value) === 'object') diffObjectList(patch, name, diff);
  else diffPrimitiveList(patch, name, { old, value, mode });
}

function diffPrimitiveList(patch: Patch, name: string, { old, value, mode }: Omit<FieldDiff<readonly unknown[]>, 'metadata'>): void {
  const [had, has] = [new Set(old), new Set(value)];
  const added = mode.changes ? [...has].filter((item) => !had.has(item)) : [];
  const deleted = mode.deletions ? [...had].filter((item) => !has.has(item)) : [];
  if (added.length > 0) setOwn(patch, name, added);
  if (deleted.length > 0) patch[DELETE_FROM_LIST + name] = deleted;
  if (deleted.length > 0 || (mode.changes && !deepEqual(old, value))) patch[SET_ORDER + name] = value;
}

function diffObjectList(patch: Patch, name: string, { old, value, metadata, mode }: FieldDiff<readonly unknown[]>): void {
  const { mergeKey, schema } = metadata;
  if (mergeKey === undefined) throw unfitPatch(`list "${name}" has no merge key`);
  const left = byIdentity(old, mergeKey);
  const items: unknown[] = [];
  for (const item of value as readonly Fields[]) {
    const identity = identityOf(item, mergeKey);
    const match = left.get(identity)?.shift();
    if (match === undefined) {
      if (mode.changes) items.push(item);
      continue;
    }
    const inner = diffObjects(match, item, { schema: schema?.items, retainKeys: metadata.retainKeys, mode });
    if (Object.keys(inner).length === 0) continue;
    setOwn(inner, mergeKey, identity);
    items.push(inner);
  }
  const deleted = mode.deletions
    ? [...left].filter(([, matches]) => matches.length > 0).map(([identity]) => ({ [mergeKey]: identity, [DIRECTIVE]: 'delete' }))
    : [];
  if (items.length + deleted.length > 0) setOwn(patch, name, [...items, ...deleted]);
  if (items.length + deleted.length > 0 || (mode.changes && !sameOrder(old, value, mergeKey))) {
    patch[SET_ORDER + name] = value.map((item) => ({ [mergeKey]: identityOf(item, mergeKey) }));
  }
}

function byIdentity(list: readonly unknown[], mergeKey: string): Map<unknown, Fields[]> {
  const groups = new Map<unknown, Fields[]>();
  for (const item of list) {
    const identity = identityOf(item, mergeKey);
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, [item as Fields]);
    else group.push(item as Fields);
  }
  return groups;
}

function sameOrder(a: readonly unknown[], b: readonly unknown[], mergeKey: string): boolean {
  return a.length === b.length && a.every((item, i) => identityOf(item, mergeKey) === identityOf(b[i], mergeKey));
}

/** One patch out of one that only deletes and one that only changes. Both were made for the same wanted state, so they never contradict each other. */
function combine(deletions: Fields, changes: Fields, schema: Schema | undefined): Patch {
  const patch: Patch = {};
  for (const name of Object.keys(deletions)) setOwn(patch, name, getOwn(deletions, name));
  for (const name of Object.keys(changes)) {
    const [deletion, change] = [getOwn(deletions, name), getOwn(changes, name)];
    const metadata = patchMetadata(schema, name);
    if (isJsonObject(deletion) && isJsonObject(change)) setOwn(patch, name, combine(deletion, change, metadata.schema));
    else if (Array.isArray(deletion) && Array.isArray(change) && metadata.mergeKey !== undefined && !name.startsWith('$')) {
      setOwn(patch, name, combineLists(deletion, change, { metadata, order: getOwn(changes, SET_ORDER + name) }));
    } else setOwn(patch, name, change);
  }
  return patch;
}

function combineLists(
  deletions: readonly unknown[],
  changes: readonly unknown[],
  context: { readonly metadata: PatchMetadata; readonly order: unknown },
): unknown[] {
  const { mergeKey = '', schema } = context.metadata;
  const rest = byIdentity(
    deletions.filter((item) => !hasDirective(item)),
    mergeKey,
  );
  const merged = changes.map((item) => {
    const match = rest.get(identityOf(item, mergeKey))?.shift();
    return match === undefined ? item : combine(match, item as Fields, schema?.items);
  });
  const places = new Map((Array.isArray(context.order) ? context.order : []).map((item, i) => [identityOf(item, mergeKey), i] as const));
  const place = (item: unknown): number => places.get(identityOf(item, mergeKey)) ?? 0;
  const kept = [...merged, ...[...rest.values()].flat()].sort((a, b) => place(a) - place(b));
  return [...kept, ...deletions.filter(hasDirective)];
}
