import { compareFields } from './compare-fields.ts';
import { difference, equalSets, intersection, isEmptySet, NO_FIELDS, union, type FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { capUpdates, isSameManager, withoutUntracked, type Manager, type ManagerId } from './managers.ts';

/** A write of an object. */
export interface WrittenFields {
  /** The object before the write; undefined: there was none. */
  readonly before: unknown;
  readonly after: unknown;
  readonly type: FieldType;
  /** What of a set of fields this write can set at all: a write of an object cannot set its status. Default: everything. */
  readonly filter?: ((fields: FieldSet) => FieldSet) | undefined;
}

/** What {@link updateManagers} works with. */
export interface UpdateInput extends WrittenFields {
  /** Who owns what before. */
  readonly managers: readonly Manager[];
  /** Who writes. */
  readonly manager: Omit<ManagerId, 'operation'>;
  /** When, in ms since the Unix epoch. */
  readonly nowMs: number;
}

/** What one or several updates by one manager come to: everybody loses `lost`, then the manager owns `taken`. Invariant: what is taken is lost before. */
export interface OwnershipChange {
  readonly manager: Omit<ManagerId, 'operation'>;
  readonly lost: FieldSet;
  readonly taken: FieldSet;
  /** When fields were last taken, in ms since the Unix epoch; undefined: none were. */
  readonly timeMs: number | undefined;
}

/**
 * Who owns what after a create, update or patch: the writer owns what it changed or added, and nobody else does any longer; what it removed has no owner.
 *
 * @returns `managers` itself when nothing changed
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff merge/update.go (Update) and …/util/managedfields/internal (managedfieldsupdater.go, stripmeta.go, capmanagers.go)
 */
export function updateManagers({ managers, manager, nowMs, ...write }: UpdateInput): readonly Manager[] {
  const change = ownershipChange(write, manager, nowMs);
  return change === undefined ? managers : enterChange(managers, change);
}

/**
 * What an update does to who owns what, without knowing that: to be entered later, after others or together with them.
 *
 * @returns undefined when it does nothing
 */
export function ownershipChange(write: WrittenFields, manager: OwnershipChange['manager'], nowMs: number): OwnershipChange | undefined {
  const { before, after, type, filter } = write;
  const { removed, modified, added } = compareFields(before ?? {}, after, type);
  const written = withoutUntracked(union(modified, added));
  const taken = filter === undefined ? written : filter(written);
  const gone = filter === undefined ? removed : filter(removed);
  if (isEmptySet(taken) && isEmptySet(gone)) return undefined;
  return { manager, lost: union(taken, gone), taken, timeMs: isEmptySet(taken) ? undefined : wholeSeconds(nowMs) };
}

/** Who owns what after a change. */
export function enterChange(managers: readonly Manager[], { manager, lost, taken, timeMs }: OwnershipChange): readonly Manager[] {
  const left = withoutFields(managers, lost);
  const own = { ...manager, operation: 'Update', timeMs, fields: taken } as const;
  const before = left.find((other) => isSameManager(other, own));
  const fields = union(taken, before?.fields ?? NO_FIELDS);
  if (timeMs === undefined || isEmptySet(fields)) return left;
  return capUpdates([...left.filter((other) => other !== before), { ...own, fields: sameAsBefore(managers, own, fields) }]);
}

/** A set that a manager had already is the same reference. */
function sameAsBefore(managers: readonly Manager[], own: ManagerId, fields: FieldSet): FieldSet {
  const before = managers.find((other) => isSameManager(other, own))?.fields;
  return before !== undefined && equalSets(before, fields) ? before : fields;
}

/**
 * Adds a change to those before it, as part of one of them where that makes no difference: an earlier one of the same manager, if none in between is about the
 * same fields.
 */
export function addChange(changes: readonly OwnershipChange[], change: OwnershipChange): readonly OwnershipChange[] {
  for (let at = changes.length - 1; at >= 0; at--) {
    const earlier = changes[at] as OwnershipChange;
    if (isSameWriter(earlier.manager, change.manager)) return changes.with(at, together(earlier, change));
    if (!isEmptySet(intersection(earlier.lost, change.lost))) break;
  }
  return [...changes, change];
}

const isSameWriter = (a: OwnershipChange['manager'], b: OwnershipChange['manager']): boolean =>
  a === b || (a.manager === b.manager && a.apiVersion === b.apiVersion && a.subresource === b.subresource);

function together(first: OwnershipChange, second: OwnershipChange): OwnershipChange {
  const taken = union(difference(first.taken, second.lost), second.taken);
  return { manager: first.manager, lost: union(first.lost, second.lost), taken, timeMs: second.timeMs ?? first.timeMs };
}

/** The managers without some fields; those to whom nothing is left are gone. */
export function withoutFields(managers: readonly Manager[], fields: FieldSet): readonly Manager[] {
  if (isEmptySet(fields)) return managers;
  let changed = false;
  const left: Manager[] = [];
  for (const entry of managers) {
    const remaining = difference(entry.fields, fields);
    if (remaining !== entry.fields) changed = true;
    if (!isEmptySet(remaining)) left.push(remaining === entry.fields ? entry : { ...entry, fields: remaining });
  }
  return changed ? left : managers;
}

/** `managedFields` has no fractions of seconds. */
export const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
