import type { Schema } from './kind-model.ts';
import {
  DELETE_FROM_LIST,
  DIRECTIVE,
  RETAIN_KEYS,
  SET_ORDER,
  badDirective,
  directiveList,
  directiveOf,
  plainFields,
  plainValue,
  unfitPatch,
} from './internal/patch-directives.ts';
import { elementKind, hasDirective, identityOf, orderList } from './internal/patch-lists.ts';
import { patchMetadata, type PatchMetadata } from './internal/patch-metadata.ts';
import { edit, edited, removeField, setField, type Fields, type ObjectEdit } from './internal/object-edit.ts';
import { cloneJson, deepEqual, getOwn, isJsonObject } from './json-data.ts';
import type { JsonObject } from './object.ts';

/**
 * Applies a strategic merge patch: like a JSON merge patch, but lists merge by key where the schema says so (`patchStrategy`, `patchMergeKey`), and
 * the patch may hold directives: `$patch: replace | delete | merge`, `$retainKeys`, `$setElementOrder/LIST`, `$deleteFromPrimitiveList/LIST`.
 * Neither the value nor the patch is changed; unchanged parts are shared, and a patch that changes nothing returns `value` itself.
 *
 * @param schema of `value`; fields that it does not know merge as in a JSON merge patch
 * @returns what the patch makes of `value`, not frozen where it is new
 * @throws {ApiError} `BadRequest` when the patch is malformed, `Invalid` when it does not fit the value
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (StrategicMergeMapPatch)
 */
export function applyStrategicMergePatch<T>(value: T, patch: JsonObject, schema: Schema): T {
  const document: unknown = cloneJson(patch);
  if (!isJsonObject(document)) throw badDirective('it must be an object');
  return mergeObject(isJsonObject(value) ? value : {}, document, schema) as T;
}

// Differs from Kubernetes: `$patch: merge` is accepted and means what is the default; fields that the schema does not know merge instead of being refused,
// and are pruned where the object is decoded.
function mergeObject(original: Fields, patch: Fields, schema: Schema | undefined): Fields {
  const directive = directiveOf(patch);
  if (directive === 'delete') return {};
  if (directive === 'replace') return keepEqual(original, plainFields(patch)) as Fields;
  const object = edit(original);
  if (Object.hasOwn(patch, RETAIN_KEYS)) retainKeys(object, patch);
  for (const name of Object.keys(patch)) {
    if (name === RETAIN_KEYS || name === DIRECTIVE || name.startsWith(DELETE_FROM_LIST)) continue;
    if (name.startsWith(SET_ORDER)) mergeOrdered(object, patch, { name: name.slice(SET_ORDER.length), schema });
    else if (!Object.hasOwn(patch, SET_ORDER + name)) mergeField(object, name, { patch: getOwn(patch, name), schema });
  }
  for (const name of Object.keys(patch)) if (name.startsWith(DELETE_FROM_LIST)) deleteFromList(object, name, getOwn(patch, name));
  return edited(object);
}

const keepEqual = (original: unknown, value: unknown): unknown => (deepEqual(original, value) ? original : value);

function retainKeys(object: ObjectEdit, patch: Fields): void {
  const kept = new Set(directiveList(RETAIN_KEYS, getOwn(patch, RETAIN_KEYS)));
  for (const name of Object.keys(patch)) {
    const special = name === RETAIN_KEYS || name === DIRECTIVE || name.startsWith(SET_ORDER) || name.startsWith(DELETE_FROM_LIST);
    if (!special && getOwn(patch, name) !== null && !kept.has(name)) throw badDirective(`field "${name}" is not among its ${RETAIN_KEYS}`);
  }
  for (const name of Object.keys(object.base)) if (!kept.has(name)) removeField(object, name);
}

function mergeField(object: ObjectEdit, name: string, part: { readonly patch: unknown; readonly schema: Schema | undefined }): void {
  if (part.patch === null) return removeField(object, name);
  const original = getOwn(edited(object), name);
  const value = mergeValue(original, part.patch, patchMetadata(part.schema, name));
  if (value === undefined) removeField(object, name);
  else setField(object, name, value);
}

function mergeValue(original: unknown, patch: unknown, metadata: PatchMetadata): unknown {
  if (isJsonObject(original) && isJsonObject(patch)) {
    return metadata.strategy === 'replace' ? keepEqual(original, plainFields(patch)) : mergeObject(original, patch, metadata.schema);
  }
  if (Array.isArray(original) && Array.isArray(patch) && metadata.strategy === 'merge') return mergeList(original, patch, metadata);
  return keepEqual(original, plainValue(patch));
}

/** A list without `$setElementOrder`: the order of the patch counts. */
function mergeList(original: readonly unknown[], patch: readonly unknown[], metadata: PatchMetadata): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const kind = elementKind(original, patch);
  const mergeKey = kind === 'object' ? metadata.mergeKey : undefined;
  const merged = kind === 'object' ? mergeObjects(original, patch, metadata) : [...new Set([...original, ...patch])];
  const wanted = patch.filter((item) => !hasDirective(item));
  return keepEqual(original, orderList(merged, { wanted, before: original, mergeKey })) as readonly unknown[];
}

/** Merges lists of objects by key; new elements come last. */
function mergeObjects(original: readonly unknown[], patch: readonly unknown[], { mergeKey, schema }: PatchMetadata): unknown[] {
  if (mergeKey === undefined) throw unfitPatch('a list of objects cannot be merged without a merge key');
  const merged = withoutDeleted(original, patch, mergeKey);
  const index = new Map<unknown, number>();
  merged.forEach((item, i) => {
    const identity = getOwn(item as Fields, mergeKey);
    if (!index.has(identity)) index.set(identity, i);
  });
  for (const item of patch as readonly Fields[]) {
    if (hasDirective(item) && (directiveOf(item) !== 'merge' || !Object.hasOwn(item, mergeKey))) continue;
    const identity = identityOf(item, mergeKey);
    const at = index.get(identity);
    if (at === undefined) index.set(identity, merged.push(plainFields(item)) - 1);
    else merged[at] = mergeObject(merged[at] as Fields, item, schema?.items);
  }
  return merged;
}

/** What is left of the original list after the elements with `$patch: delete` and `$patch: replace`. */
function withoutDeleted(original: readonly unknown[], patch: readonly unknown[], mergeKey: string): unknown[] {
  const deleted = new Set<unknown>();
  let replaced = false;
  for (const item of patch) {
    if (!hasDirective(item)) continue;
    const directive = directiveOf(item);
    if (directive === 'delete') deleted.add(identityOf(item, mergeKey));
    if (directive === 'replace') replaced = true;
  }
  return replaced ? [] : original.filter((item) => !deleted.has(getOwn(item as Fields, mergeKey)));
}

/** A list whose patch comes with `$setElementOrder`. */
function mergeOrdered(object: ObjectEdit, patch: Fields, list: { readonly name: string; readonly schema: Schema | undefined }): void {
  const { name, schema } = list;
  const wanted = directiveList(SET_ORDER + name, getOwn(patch, SET_ORDER + name));
  const items = listOrNothing(getOwn(patch, name), name);
  if (items === null) return removeField(object, name);
  const original = listOrNothing(getOwn(edited(object), name), name) ?? undefined;
  if (items === undefined && original === undefined) return;
  const metadata = patchMetadata(schema, name);
  const kind = elementKind(original ?? [], items ?? [], wanted);
  const mergeKey = kind === 'object' ? metadata.mergeKey : undefined;
  if (kind === 'object' && mergeKey === undefined) throw badDirective(`the order of list "${name}" cannot be set: it has no merge key`);
  checkOrder(items ?? [], wanted, mergeKey);
  const merged = mergeValue(original ?? [], items ?? [], metadata) as readonly unknown[];
  const ordered = orderList(merged, { wanted, before: original ?? [], mergeKey });
  setField(object, name, keepEqual(original, ordered));
}

function listOrNothing(value: unknown, name: string): readonly unknown[] | null | undefined {
  if (value !== undefined && value !== null && !Array.isArray(value)) throw unfitPatch(`"${name}" is not a list`);
  return value;
}

/** The elements of the patch must be among those of the order, in the same order. */
function checkOrder(items: readonly unknown[], wanted: readonly unknown[], mergeKey: string | undefined): void {
  if (wanted.length === 0) return;
  let at = 0;
  for (const item of items) {
    if (hasDirective(item)) continue;
    const identity = identityOf(item, mergeKey);
    while (at < wanted.length && identityOf(wanted[at], mergeKey) !== identity) at += 1;
    if (at === wanted.length) throw badDirective(`the elements of a list are not in the order of its ${SET_ORDER.slice(0, -1)}`);
    at += 1;
  }
}

function deleteFromList(object: ObjectEdit, directive: string, value: unknown): void {
  const name = directive.slice(DELETE_FROM_LIST.length);
  const deleted = new Set(directiveList(directive, value));
  const list = getOwn(edited(object), name);
  if (!Array.isArray(list)) return;
  if (list.some((item) => deleted.has(item)))
    setField(
      object,
      name,
      list.filter((item) => !deleted.has(item)),
    );
}
