import { compareFields } from './compare-fields.ts';
import { difference, isEmptySet, NO_FIELDS, union, type FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { capUpdates, isSameManager, withoutUntracked, type Manager, type ManagerId } from './managers.ts';

/** What {@link updateManagers} works with. */
export interface UpdateInput {
  /** The object before the write; undefined: there was none. */
  readonly before: unknown;
  readonly after: unknown;
  readonly type: FieldType;
  /** Who owned what before. */
  readonly managers: readonly Manager[];
  /** Who writes. */
  readonly manager: Omit<ManagerId, 'operation'>;
  /** When, in ms since the Unix epoch. */
  readonly nowMs: number;
  /** What of a set of fields this write can set at all: a write of an object cannot set its status. Default: everything. */
  readonly filter?: ((fields: FieldSet) => FieldSet) | undefined;
}

/**
 * Who owns what after a create, update or patch: the writer owns what it changed or added, and nobody else does any longer; what it removed has no owner.
 *
 * @returns `managers` itself when nothing changed
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff merge/update.go (Update) and …/util/managedfields/internal (managedfieldsupdater.go, stripmeta.go, capmanagers.go)
 */
export function updateManagers({ before, after, type, managers, manager, nowMs, filter }: UpdateInput): readonly Manager[] {
  const { removed, modified, added } = compareFields(before ?? {}, after, type);
  const keep = filter ?? ((fields: FieldSet) => fields);
  const taken = keep(withoutUntracked(union(modified, added)));
  const gone = keep(removed);
  if (isEmptySet(taken) && isEmptySet(gone)) return managers;
  const left = withoutFields(withoutFields(managers, taken), gone);
  if (isEmptySet(taken)) return left;
  const own: Manager = { ...manager, operation: 'Update', timeMs: wholeSeconds(nowMs), fields: taken };
  const previous = left.find((other) => isSameManager(other, own))?.fields ?? NO_FIELDS;
  return capUpdates([...left.filter((other) => !isSameManager(other, own)), { ...own, fields: union(taken, previous) }]);
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
