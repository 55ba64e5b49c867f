import { ApiError } from '../api-error.ts';
import { formatTime, parseTime } from '../clock.ts';
import { isJsonObject } from '../json-data.ts';
import type { JsonObject, ManagedFieldsEntry } from '../object.ts';
import { differenceWithBelow, equalSets, formatFieldsV1, hasPath, isEmptySet, LEAF, parseFieldsV1, setOf, union, type FieldSet } from './field-set.ts';

/** Who a manager is. Two entries with the same are one manager; for an apply whatever its apiVersion is. */
export interface ManagerId {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** Of the objects that `fields` is about: `apps/v1`. */
  readonly apiVersion: string;
  /** Through which subresource the manager wrote; undefined: the object itself. */
  readonly subresource: string | undefined;
}

/** One manager with what it owns: an entry of `metadata.managedFields`. Immutable. */
export interface Manager extends ManagerId {
  /** When it last changed what it owns: whole seconds, ms since the Unix epoch. Undefined: not known. */
  readonly timeMs: number | undefined;
  readonly fields: FieldSet;
}

/** At most so many entries are of updates. @see kubernetes v1.36 …/apimachinery/pkg/util/managedfields/internal/fieldmanager.go (DefaultMaxUpdateManagers) */
const MAX_UPDATE_MANAGERS = 10;
/** Owns what the oldest of too many updates owned. */
const ANCIENT_CHANGES = 'ancient-changes';

/** Whether two entries are of one manager. @see kubernetes v1.36 …/util/managedfields/internal/managedfields.go (BuildManagerIdentifier) */
export function isSameManager(a: ManagerId, b: ManagerId): boolean {
  if (a.manager !== b.manager || a.operation !== b.operation || a.subresource !== b.subresource) return false;
  return a.operation === 'Apply' || a.apiVersion === b.apiVersion;
}

/** Whether two lists name the same managers with the same fields, whenever they wrote. */
export function isSameOwnership(a: readonly Manager[], b: readonly Manager[]): boolean {
  return a === b || (a.length === b.length && a.every((mine) => b.some((theirs) => sameEntry(mine, theirs))));
}

const sameEntry = (a: Manager, b: Manager): boolean => isSameManager(a, b) && a.apiVersion === b.apiVersion && equalSets(a.fields, b.fields);

/**
 * Reads `metadata.managedFields`.
 *
 * @throws {ApiError} `BadRequest` when an entry is malformed
 * @see kubernetes v1.36 …/util/managedfields/internal/managedfields.go (DecodeManagedFields)
 */
export function parseManagedFields(entries: readonly ManagedFieldsEntry[]): readonly Manager[] {
  const managers: Manager[] = [];
  for (const entry of entries as readonly unknown[]) {
    const manager = parseEntry(entry);
    const at = managers.findIndex((other) => isSameManager(other, manager));
    if (at < 0) managers.push(manager);
    else managers[at] = manager;
  }
  return managers;
}

function parseEntry(entry: unknown): Manager {
  if (!isJsonObject(entry)) throw new ApiError('BadRequest', 'an entry of managedFields is not an object');
  const { manager = '', operation, apiVersion, subresource, time, fieldsType, fieldsV1 = {} } = entry as ManagedFieldsEntry;
  if (operation !== 'Apply' && operation !== 'Update') throw new ApiError('BadRequest', 'operation of a managedFields entry must be `Apply` or `Update`');
  if (fieldsType !== 'FieldsV1') throw new ApiError('BadRequest', 'fieldsType of a managedFields entry must be `FieldsV1`');
  if (apiVersion === undefined || apiVersion === '') throw new ApiError('BadRequest', 'apiVersion of a managedFields entry must not be empty');
  const timeMs = typeof time === 'string' ? parseTime(time) : undefined;
  return {
    manager: String(manager),
    operation,
    apiVersion: String(apiVersion),
    subresource: subresource === undefined || subresource === '' ? undefined : String(subresource),
    timeMs: timeMs === undefined || Number.isNaN(timeMs) ? undefined : Math.floor(timeMs / 1000) * 1000,
    fields: parseFieldsV1(fieldsV1),
  };
}

/**
 * Writes `metadata.managedFields`: applies first, then updates, the oldest first.
 *
 * @param format writes one set; default {@link formatFieldsV1}, for a caller that remembers what it wrote
 * @see kubernetes v1.36 …/util/managedfields/internal/managedfields.go (EncodeManagedFields, sortEncodedManagedFields)
 */
export function formatManagedFields(managers: readonly Manager[], format: (fields: FieldSet) => JsonObject = formatFieldsV1): readonly ManagedFieldsEntry[] {
  return [...managers].sort(inOrder).map((entry) => ({
    manager: entry.manager,
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    ...(entry.timeMs === undefined ? {} : { time: formatTime(entry.timeMs) }),
    fieldsType: 'FieldsV1',
    fieldsV1: format(entry.fields),
    ...(entry.subresource === undefined ? {} : { subresource: entry.subresource }),
  }));
}

/** {@link formatManagedFields} as JSON text. @param format writes one set */
export function managedFieldsText(managers: readonly Manager[], format: (fields: FieldSet) => string): string {
  const entries = managers.length === 1 ? managers : [...managers].sort(inOrder);
  let text = '';
  for (const { manager, operation, apiVersion, timeMs, fields, subresource } of entries) {
    const time = timeMs === undefined ? '' : `"time":"${formatTime(timeMs)}",`;
    const through = subresource === undefined ? '' : `,"subresource":${JSON.stringify(subresource)}`;
    const who = `"manager":${JSON.stringify(manager)},"operation":"${operation}","apiVersion":${JSON.stringify(apiVersion)}`;
    text += `${text === '' ? '' : ','}{${who},${time}"fieldsType":"FieldsV1","fieldsV1":${format(fields)}${through}}`;
  }
  return `[${text}]`;
}

function inOrder(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return a.operation < b.operation ? -1 : 1;
  return byAge(a, b) || byText(a.manager, b.manager) || byText(a.apiVersion, b.apiVersion) || byText(a.subresource ?? '', b.subresource ?? '');
}

const byAge = (a: Manager, b: Manager): number => (a.timeMs ?? -Infinity) - (b.timeMs ?? -Infinity) || 0;
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const METADATA = ['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'];

/** What nobody owns: what an object is called, and what only the system writes. @see kubernetes v1.36 …/util/managedfields/internal/stripmeta.go */
const UNTRACKED_BELOW: FieldSet = setOf(
  false,
  new Map([
    ['f:apiVersion', LEAF],
    ['f:kind', LEAF],
    ['f:metadata', setOf(false, new Map(METADATA.map((name) => [`f:${name}`, LEAF])))],
  ]),
);
const METADATA_ITSELF = ['f:metadata'];

/** The set without what is never tracked. Returns the set itself when nothing of it is. */
export function withoutUntracked(fields: FieldSet): FieldSet {
  const tracked = differenceWithBelow(fields, UNTRACKED_BELOW);
  if (!hasPath(tracked, METADATA_ITSELF)) return tracked;
  const children = new Map(tracked.children);
  const metadata = setOf(false, children.get('f:metadata')?.children);
  if (isEmptySet(metadata)) children.delete('f:metadata');
  else children.set('f:metadata', metadata);
  return setOf(false, children);
}

/** Merges the oldest updates, per apiVersion, when there are too many. @see kubernetes v1.36 …/util/managedfields/internal/capmanagers.go */
export function capUpdates(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter(({ operation }) => operation === 'Update');
  let surplus = updates.length - MAX_UPDATE_MANAGERS;
  if (surplus <= 0) return managers;
  const left = new Set(managers);
  const oldest = new Map<string, Manager>();
  for (const entry of updates.sort((a, b) => byAge(a, b) || byText(identifier(a), identifier(b)))) {
    if (surplus <= 0) break;
    const first = oldest.get(entry.apiVersion);
    if (first === undefined) {
      oldest.set(entry.apiVersion, entry);
      continue;
    }
    const found = [...left].find((other) => isSameManager(other, bucketOf(entry)));
    const bucket = found === undefined || found === entry ? first : found;
    for (const merged of [bucket, entry]) left.delete(merged);
    left.add({ ...bucketOf(entry), fields: union(entry.fields, bucket.fields) });
    surplus -= 1;
  }
  return [...left];
}

const bucketOf = (entry: Manager): Manager => ({ ...entry, manager: ANCIENT_CHANGES, operation: 'Update', subresource: undefined });

/** As Kubernetes identifies a manager, which decides among those of one second. */
const identifier = ({ manager, operation, apiVersion, subresource }: ManagerId): string =>
  JSON.stringify({ manager, operation, apiVersion, ...(subresource === undefined ? {} : { subresource }) });
