import { deepFreeze, type JsonObject, type KubernetesObject, type ManagedFieldsEntry, type MutableJson } from '@kybern/core';
import {
  addChange,
  enterChange,
  fieldsV1Text,
  fieldTypeOf,
  formatFieldsV1,
  formatManagedFields,
  isEmptySet,
  managedFieldsText,
  ownershipChange,
  parseManagedFields,
  type FieldSet,
  type FieldType,
  type Manager,
  type OwnershipChange,
} from '@kybern/core/server-side-apply';
import { objectJson, type TextOf } from './object-json.ts';
import type { Resource } from '../resource.ts';
import type { WriteContext } from '../strategy.ts';
import { createCreatedFields, type CreatedFields } from './created-fields.ts';
import { updateFilter } from './field-filter.ts';
import { carryLedger, ledgerOf, putLedger, type Ledger, type UnenteredCreate } from './ledger.ts';
import { requestedManagers } from './requested.ts';

/** How one write of an object enters the books. */
export type Entry =
  /** The writer owns what it changes. `seed`: who owned what before, where the request says so itself; default: as it was. */
  | { readonly type: 'update'; readonly seed?: readonly Manager[] | undefined }
  /** An apply has found out already who owns what. */
  | { readonly type: 'apply'; readonly managers: readonly Manager[] }
  /** The system wrote: the owners stay as they are. */
  | { readonly type: 'system' };

/**
 * Who owns which fields of the objects in the store. To find that out takes about as long as the rest of a write, and hardly anybody wants to know; so a
 * write is only noted beside the object, and entered when somebody asks.
 */
export interface Books {
  /** Notes a create beside the object, which is not frozen yet. */
  created(object: KubernetesObject, context: WriteContext, note: CreateNote): void;
  /** Notes another write beside the object that it made. */
  changed(object: KubernetesObject, old: KubernetesObject, note: { readonly context: WriteContext; readonly entry: Entry }): void;
  /** Who owns what of an object that came from the store. */
  managersOf(object: KubernetesObject): readonly Manager[];
  /** The object with its `metadata.managedFields`, for whoever asked for them. The object itself when nobody owns anything. */
  withManagedFields(object: KubernetesObject): KubernetesObject;
  /** The JSON of {@link withManagedFields}. */
  json(object: KubernetesObject): string;
  /** The JSON of an object's managedFields alone; undefined when nobody owns anything. */
  text(object: KubernetesObject): string | undefined;
}

/** What has to be known of a new object before the system fills in its own. */
export interface CreateNote {
  /** How many fields its spec has. */
  readonly specFields: number;
  /** Its `metadata.managedFields`, if the client sends them. */
  readonly given: unknown;
}

/** Takes note of a new object as the client wants to have it, with its defaults. */
export function noteOf({ spec, metadata }: MutableJson): CreateNote {
  let specFields = 0;
  if (typeof spec === 'object') for (const _ in spec) specFields += 1;
  return { specFields, given: metadata.managedFields };
}

/** So many changes by different managers to the same fields are kept apart before they are entered. */
const MAX_CHANGES = 8;
/** So many writes are kept as changes before they are entered, because what a change is about only grows. */
const MAX_WRITES = 64;
/** So many ledgers are kept open: those of the objects that are written or asked about most. */
const MAX_OPEN = 1000;

/**
 * Opens the books of a server.
 *
 * @param textOf the JSON of a part that several objects have, if it is one. Default: no part is known
 */
export function createBooks(textOf: TextOf = () => undefined): Books {
  const open = createOpenLedgers();
  const update = (object: KubernetesObject, old: KubernetesObject, { context, entry }: { context: WriteContext; entry: Entry & { type: 'update' } }): void => {
    const ledger = entry.seed === undefined ? ledgerOf(old) : openLedger(entry.seed);
    const { resource, request, nowMs } = context;
    const write = { before: resource.read(old), after: resource.read(object), type: typeOf(resource), filter: updateFilter(resource, request.subresource) };
    const change = ownershipChange(write, { manager: managerOf(context), apiVersion: resource.apiVersion, subresource: request.subresource }, nowMs);
    if (change !== undefined) putLedger(object, withChange(ledger, change, open));
    else if (ledger !== undefined) putLedger(object, ledger);
  };
  return {
    created(object, context, { specFields, given }) {
      const { appliedBy, resource, nowMs } = context;
      if (appliedBy !== undefined) return putLedger(object, open.keep(openLedger(appliedBy)));
      const seed = given === undefined ? undefined : requestedManagers(given, undefined);
      const create = { object, resource, manager: managerOf(context), nowMs, specFields };
      putLedger(object, unenteredCreate(create, seed === undefined ? undefined : openLedger(seed)));
    },
    changed(object, old, { context, entry }) {
      if (entry.type === 'update') update(object, old, { context, entry });
      else if (entry.type === 'apply') putLedger(object, open.keep(openLedger(entry.managers)));
      else carryLedger(object, old);
    },
    managersOf(object) {
      const ledger = ledgerOf(object);
      return ledger === undefined ? [] : open.managers(ledger);
    },
    withManagedFields(object) {
      const ledger = ledgerOf(object);
      const entries = ledger === undefined ? [] : open.entries(ledger);
      if (entries.length === 0) return object;
      return { ...object, metadata: { ...object.metadata, managedFields: entries } };
    },
    text(object) {
      const ledger = ledgerOf(object);
      const text = ledger === undefined ? NO_ENTRIES : open.text(ledger);
      return text === NO_ENTRIES ? undefined : text;
    },
    json(object) {
      const ledger = ledgerOf(object);
      const text = ledger === undefined ? NO_ENTRIES : open.text(ledger);
      return objectJson(object, text === NO_ENTRIES ? undefined : text, textOf);
    },
  };
}

const NO_ENTRIES = '[]';

/** A ledger that is read from its text when somebody asks. */
export const closedLedger = (text: string): Ledger => ({ ...openLedger([]), managers: undefined, text });

const NO_CHANGES: readonly OwnershipChange[] = Object.freeze([]);

const openLedger = (managers: readonly Manager[]): Ledger => ({
  managers,
  text: undefined,
  base: undefined,
  create: undefined,
  changes: NO_CHANGES,
  writes: 0,
  deleted: undefined,
});

const unenteredCreate = (create: UnenteredCreate, base: Ledger | undefined): Ledger => ({
  managers: undefined,
  text: undefined,
  base,
  create,
  changes: NO_CHANGES,
  writes: 0,
  deleted: undefined,
});

const unentered = (base: Ledger | undefined, changes: readonly OwnershipChange[], writes: number): Ledger => ({
  managers: undefined,
  text: undefined,
  base,
  create: undefined,
  changes,
  writes,
  deleted: undefined,
});

/** The ledger of the version that a change made. Ledgers that are deferred share their base, so that no chain of them comes to be. */
function withChange(old: Ledger | undefined, change: OwnershipChange, open: OpenLedgers): Ledger {
  if (old === undefined || old.managers !== undefined || old.text !== undefined || old.create !== undefined) return unentered(old, [change], 1);
  if (old.writes >= MAX_WRITES || old.changes.length >= MAX_CHANGES) {
    open.managers(old);
    return unentered(old, [change], 1);
  }
  return unentered(old.base, addChange(old.changes, change), old.writes + 1);
}

/** Who writes: what the request says, or nobody known. */
function managerOf({ request: { options } }: WriteContext): string {
  const manager = options?.fieldManager;
  return manager === undefined || manager === '' ? 'unknown' : manager;
}

/** Writes are of kinds whose model is loaded. */
const typeOf = ({ model }: Resource): FieldType => model?.fields ?? fieldTypeOf(undefined);

/** The ledgers that are open; the others are closed again. */
interface OpenLedgers {
  keep(ledger: Ledger): Ledger;
  managers(ledger: Ledger): readonly Manager[];
  entries(ledger: Ledger): readonly ManagedFieldsEntry[];
  /** {@link entries} as JSON. A ledger that is deferred because of a create stays so: it is entered as fast as it is read, and takes less memory. */
  text(ledger: Ledger): string;
}

function createOpenLedgers(): OpenLedgers {
  const kept = new Set<Ledger>();
  const created = createCreatedFields();
  const texts = new WeakMap<FieldSet, string>();
  const textOf = (managers: readonly Manager[]): string => managedFieldsText(managers, (fields) => fieldsV1Text(fields, texts));
  const written = new WeakMap<FieldSet, JsonObject>();
  const format = (fields: FieldSet): JsonObject => {
    let json = written.get(fields);
    if (json === undefined) written.set(fields, (json = deepFreeze(formatFieldsV1(fields))));
    return json;
  };
  const close = (ledger: Ledger): void => {
    if (ledger.managers === undefined) return;
    ledger.text = textOf(ledger.managers);
    ledger.managers = undefined;
  };
  const keep = (ledger: Ledger): Ledger => {
    kept.delete(ledger);
    kept.add(ledger);
    if (kept.size > MAX_OPEN) for (const oldest of kept) return (close(oldest), kept.delete(oldest), ledger);
    return ledger;
  };
  const managers = (ledger: Ledger): readonly Manager[] => {
    const found = read(ledger, created);
    if (ledger.managers === undefined) Object.assign(ledger, openLedger(found), { deleted: ledger.deleted });
    keep(ledger);
    return found;
  };
  return {
    keep,
    managers,
    entries: (ledger) =>
      ledger.text === undefined ? formatManagedFields(managers(ledger), format) : (JSON.parse(ledger.text) as readonly ManagedFieldsEntry[]),
    text(ledger) {
      const { text, create, base } = ledger;
      if (text !== undefined) return text;
      return textOf(create !== undefined && base === undefined ? enterCreate([], create, created) : managers(ledger));
    },
  };
}

function read({ managers, text, base, create, changes }: Ledger, created: CreatedFields): readonly Manager[] {
  if (managers !== undefined) return managers;
  if (text !== undefined) return parseManagedFields(JSON.parse(text) as readonly ManagedFieldsEntry[]);
  const before = base === undefined ? [] : read(base, created);
  return create === undefined ? changes.reduce(enterChange, before) : enterCreate(before, create, created);
}

function enterCreate(managers: readonly Manager[], create: UnenteredCreate, created: CreatedFields): readonly Manager[] {
  const { resource, manager, nowMs } = create;
  const fields = created(create);
  if (isEmptySet(fields)) return managers;
  const id = { manager, apiVersion: resource.apiVersion, subresource: undefined };
  return enterChange(managers, { manager: id, lost: fields, taken: fields, timeMs: Math.floor(nowMs / 1000) * 1000 });
}
