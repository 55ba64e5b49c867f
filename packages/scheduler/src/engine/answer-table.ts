import { thrownStatus } from './checked-call.ts';
import type { Profile } from './profile.ts';
import type { Ranking } from './ranking.ts';
import type { Bin, Snapshot } from './snapshot.ts';
import type { Status } from './status.ts';

/** No filter turned the bin down. */
export const NOT_REJECTED = -1;

/**
 * The answers that the signed plugins gave for one signature, bin by bin.
 * Invariant: the entries of a row hold if `filterVersion` (or `scoreVersion`) has the row's present version in the snapshot, and mean nothing otherwise.
 */
export class AnswerTable {
  filterVersion: Float64Array = new Float64Array(0);
  /** The same as `filterVersion` for rows that no signed filter turned down, else 0: one look answers for nearly all bins. */
  passedVersion: Float64Array = new Float64Array(0);
  scoreVersion: Float64Array = new Float64Array(0);
  /** Position of the first signed filter that turned the bin down, or {@link NOT_REJECTED}. */
  rejectedBy: Int16Array = new Int16Array(0);
  readonly statuses: (Status | undefined)[] = [];
  /** Weighted sum of the scores that need no comparing with other bins. */
  settled: Float64Array = new Float64Array(0);
  /** Raw scores of the other score plugins, by their position. */
  readonly raw: Float64Array[];
  /** Bins that were looked at one by one since the ranking was last made. */
  looked: number = 0;
  /** All bins in order, once that pays. */
  ranking: Ranking<Bin> | undefined;
  /** A number for each combination of raw scores that came up. */
  readonly kinds: Map<number | string, number> = new Map();

  /** Verdicts beside those that were promised room, by row. */
  readonly besidePromised: (PromisedVerdict | undefined)[] = [];
  /** What PostFilter remembers, and the versions that it is of. */
  memoVersion: Float64Array = new Float64Array(0);
  readonly memos: unknown[] = [];

  constructor(scorePlugins: number) {
    this.raw = Array.from({ length: scorePlugins }, () => new Float64Array(0));
  }

  /** Makes room for `rows` rows. */
  ensure(rows: number): void {
    if (this.filterVersion.length >= rows) return;
    this.filterVersion = enlarge(this.filterVersion, rows);
    this.passedVersion = enlarge(this.passedVersion, rows);
    this.scoreVersion = enlarge(this.scoreVersion, rows);
    this.settled = enlarge(this.settled, rows);
    this.memoVersion = enlarge(this.memoVersion, rows);
    const rejectedBy = new Int16Array(rows);
    rejectedBy.set(this.rejectedBy);
    this.rejectedBy = rejectedBy;
    for (let i = 0; i < this.raw.length; i++) this.raw[i] = enlarge(this.raw[i] as Float64Array, rows);
  }
}

/** Whether items of a signature and rank fit on a bin beside those that were promised room there. */
export interface PromisedVerdict {
  readonly version: number;
  readonly stamp: string;
  readonly status: Status | undefined;
}

function enlarge(array: Float64Array, length: number): Float64Array {
  const larger = new Float64Array(length);
  larger.set(array);
  return larger;
}

/** An item's signature: which plugins signed it, and the table of their answers. */
export interface Signed {
  readonly table: AnswerTable | undefined;
  /** Names of the plugins whose answers are in the table. */
  readonly plugins: ReadonlySet<string>;
  /** What was found out about the filters that take part, by the set of those that were skipped. */
  readonly sorted: WeakMap<ReadonlySet<string>, object>;
}

/** No answers are kept: every plugin is asked about every bin. */
export const NOTHING_SIGNED: Signed = { table: undefined, plugins: new Set(), sorted: new WeakMap() };

/** Rows over all tables of a snapshot that are kept at most (about 60 bytes each), however many signatures there are. */
const MAX_ROWS = 500_000;
const MIN_TABLES = 2;
const MAX_TABLES = 256;
/** Signatures that came once. */
const MAX_SEEN = 1024;

/** What is kept for one snapshot. Both are in the order of their last use. */
interface Kept {
  readonly tables: Map<string, Signed>;
  /** Signatures without a table: one that never comes back is not worth it. */
  readonly seen: Set<string>;
  /** The one used last: Pods of one template often come one after the other. */
  last: { readonly signature: string; readonly signed: Signed } | undefined;
}

/** The answer tables of one scheduler, by snapshot and signature; the signatures used longest ago go first. */
export class AnswerTables<Item, B extends Bin> {
  readonly #profile: Profile<Item, B>;
  readonly #kept = new WeakMap<Snapshot<B>, Kept>();

  constructor(profile: Profile<Item, B>) {
    this.#profile = profile;
  }

  /**
   * The table for this item. None when its signature comes for the first time, when the snapshot has no versions, or when no plugin signs. A `Status`
   * when a plugin's `sign` threw.
   */
  find(item: Item, snapshot: Snapshot<B>): Signed | Status {
    if (snapshot.versions === undefined) return NOTHING_SIGNED;
    let signature = '';
    for (const plugin of this.#profile.plugins) {
      try {
        const text = plugin.sign?.(item, snapshot);
        // The length keeps apart what a text might pretend to be.
        if (text !== undefined) signature += `${plugin.name}:${text.length}:${text}`;
      } catch (error) {
        return thrownStatus(plugin.name, 'PreFilter', error);
      }
    }
    return signature === '' ? NOTHING_SIGNED : this.#lookUp(signature, item, snapshot);
  }

  #lookUp(signature: string, item: Item, snapshot: Snapshot<B>): Signed {
    const kept = this.#keptFor(snapshot);
    const { tables, seen } = kept;
    const rows = snapshot.versions?.at.length ?? 0;
    if (kept.last?.signature === signature) {
      kept.last.signed.table?.ensure(rows);
      return kept.last.signed;
    }
    let signed = tables.get(signature);
    if (signed === undefined) {
      if (!seen.delete(signature)) {
        if (seen.size >= MAX_SEEN) seen.delete(seen.values().next().value as string);
        seen.add(signature);
        return NOTHING_SIGNED;
      }
      const limit = Math.min(MAX_TABLES, Math.max(MIN_TABLES, Math.floor(MAX_ROWS / Math.max(1, rows))));
      if (tables.size >= limit) tables.delete(tables.keys().next().value as string);
      const signers = this.#profile.plugins.filter((plugin) => plugin.sign?.(item, snapshot) !== undefined);
      signed = { table: new AnswerTable(this.#profile.score.length), plugins: new Set(signers.map(({ name }) => name)), sorted: new WeakMap() };
    } else {
      tables.delete(signature);
    }
    tables.set(signature, signed);
    kept.last = { signature, signed };
    signed.table?.ensure(rows);
    return signed;
  }

  #keptFor(snapshot: Snapshot<B>): Kept {
    let kept = this.#kept.get(snapshot);
    if (kept === undefined) this.#kept.set(snapshot, (kept = { tables: new Map(), seen: new Set(), last: undefined }));
    return kept;
  }
}
