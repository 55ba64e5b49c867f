import { compareFields } from './compare-fields.ts';
import { difference, equalSets, intersection, isEmptySet, isSubset, NO_FIELDS, union, type FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { checkApplied } from './check-applied.ts';
import { isSameManager, isSameOwnership, withoutUntracked, type Manager, type ManagerId } from './managers.ts';
import { mergeFields } from './merge-fields.ts';
import { pruneFields, unionOf } from './prune-fields.ts';
import { updateManagers, wholeSeconds, withoutFields } from './update.ts';

/** What {@link applyFields} works with. */
export interface ApplyInput<T = unknown> {
  /** The object as it is; undefined: there is none. */
  readonly live: T | undefined;
  /** The fields that the manager wants to have, all of them. */
  readonly applied: unknown;
  readonly type: FieldType;
  /** Who owns what of `live`. */
  readonly managers: readonly Manager[];
  /** Who applies. */
  readonly manager: Omit<ManagerId, 'operation'>;
  /** When, in ms since the Unix epoch. */
  readonly nowMs: number;
  /** Take what others own. Default false: that is a conflict. */
  readonly force?: boolean | undefined;
  /** What of a set of fields this apply can set at all: an apply of an object cannot set its status. Default: everything. */
  readonly filter?: ((fields: FieldSet) => FieldSet) | undefined;
  /** Fields that may be taken from others without force. Default: none. */
  readonly uncontested?: FieldSet | undefined;
}

/** Fields that one manager owns and an apply would change. */
export interface ApplyConflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

/** What an apply came to. */
export interface ApplyResult<T = unknown> {
  /** The object with the applied fields; `live` itself when nothing changes. It may hold a null where a null was applied. */
  readonly object: T;
  /** Who owns what now; the input's list itself when nobody owns anything else than before. */
  readonly managers: readonly Manager[];
  /** Why nothing was applied: `object` and `managers` are the input's then. Empty when it was. */
  readonly conflicts: readonly ApplyConflict[];
}

/** Owns what was there before anybody applied anything, where nobody was noted. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * Server-side apply: merges what a manager applies into an object, and keeps the books. The manager owns what it applies, together with others who apply the
 * same. What it applied last time and no longer does is removed unless somebody else owns it. To change what others own is a conflict, or with `force` takes
 * it from them.
 *
 * @throws {ApiError} `BadRequest` when `applied` holds list elements that cannot be told apart
 * @see kubernetes v1.36 sigs.k8s.io/structured-merge-diff merge/update.go (Apply) and …/util/managedfields/internal (managedfieldsupdater.go, skipnonapplied.go)
 */
export function applyFields<T>(input: ApplyInput<T>): ApplyResult<T> {
  const { live, applied, type, manager, filter } = input;
  checkApplied(applied, type);
  const managers = live === undefined ? [] : input.managers.length > 0 ? input.managers : asFound(input);
  const said = filter === undefined ? fieldsOf(applied, type) : filter(fieldsOf(applied, type));
  const id: ManagerId = { ...manager, operation: 'Apply' };
  const before = managers.find((other) => isSameManager(other, id));
  const fields = withoutUntracked(said);
  const own: Manager = { ...id, timeMs: wholeSeconds(input.nowMs), fields: before !== undefined && equalSets(before.fields, fields) ? before.fields : fields };
  const others = managers.filter((other) => other !== before);
  const object = mergeAndPrune(input, { said, others, before });
  const { removed, modified, added } = compareFields(live ?? {}, object, type);
  const changed = filter === undefined ? union(modified, added) : filter(union(modified, added));
  const conflicts = conflictsOf(others, changed, input);
  if (conflicts.length > 0) return { object: live as T, managers: input.managers, conflicts };
  const left = withoutFields(withoutFields(others, changed), filter === undefined ? removed : filter(removed));
  const idle = before !== undefined && isEmptySet(changed) && isEmptySet(removed);
  const now = isEmptySet(own.fields) ? left : [...left, idle ? { ...own, timeMs: before.timeMs } : own];
  return { object, managers: isSameOwnership(now, input.managers) && object === live ? input.managers : now, conflicts };
}

function asFound<T>({ live, type, manager, nowMs, filter }: ApplyInput<T>): readonly Manager[] {
  const found = { manager: BEFORE_FIRST_APPLY, apiVersion: manager.apiVersion, subresource: manager.subresource };
  return updateManagers({ before: undefined, after: live, type, managers: [], manager: found, nowMs, filter });
}

interface Parties {
  /** All that is applied, also what is not tracked. */
  readonly said: FieldSet;
  readonly others: readonly Manager[];
  /** The applying manager as it was. */
  readonly before: Manager | undefined;
}

function mergeAndPrune<T>({ live, applied, type }: ApplyInput<T>, { said, others, before }: Parties): T {
  const merged = mergeFields(live, applied, type) as T;
  const last = before?.fields ?? NO_FIELDS;
  if (isSubset(last, said)) return merged;
  const managed = unionOf([said, ...others.map(({ fields }) => fields)]) ?? NO_FIELDS;
  return pruneFields(merged, { last, managed, applied }, type);
}

function conflictsOf<T>(others: readonly Manager[], changed: FieldSet, { force, uncontested }: ApplyInput<T>): readonly ApplyConflict[] {
  if (force === true || isEmptySet(changed)) return [];
  const contested = uncontested === undefined ? changed : difference(changed, uncontested);
  const conflicts: ApplyConflict[] = [];
  for (const manager of others) {
    const fields = intersection(manager.fields, contested);
    if (!isEmptySet(fields)) conflicts.push({ manager, fields });
  }
  return conflicts;
}
