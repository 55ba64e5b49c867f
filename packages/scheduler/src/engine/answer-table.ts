import { thrownStatus } from './checked-call.ts';
import type { Profile } from './profile.ts';
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
  scoreVersion: Float64Array = new Float64Array(0);
  /** Position of the first signed filter that turned the bin down, or {@link NOT_REJECTED}. */
  rejectedBy: Int16Array = new Int16Array(0);
  readonly statuses: (Status | undefined)[] = [];
  /** Weighted sum of the scores that need no comparing with other bins. */
  settled: Float64Array = new Float64Array(0);
  /** Raw scores of the other score plugins, by their position. */
  readonly raw: Float64Array[];

  constructor(scorePlugins: number) {
    this.raw = Array.from({ length: scorePlugins }, () => new Float64Array(0));
  }

  /** Makes room for `rows` rows. */
  ensure(rows: number): void {
    if (this.filterVersion.length >= rows) return;
    this.filterVersion = enlarge(this.filterVersion, rows);
    this.scoreVersion = enlarge(this.scoreVersion, rows);
    this.settled = enlarge(this.settled, rows);
    const rejectedBy = new Int16Array(rows);
    rejectedBy.set(this.rejectedBy);
    this.rejectedBy = rejectedBy;
    for (let i = 0; i < this.raw.length; i++) this.raw[i] = enlarge(this.raw[i] as Float64Array, rows);
  }
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
}

/** Rows over all tables of a snapshot that are kept at most (about 60 bytes each), however many signatures there are. */
const MAX_ROWS = 500_000;
const MIN_TABLES = 2;
const NOTHING_SIGNED: Signed = { table: undefined, plugins: new Set() };

/** The answer tables of one scheduler, by snapshot and signature; the signatures used longest ago go first. */
export class AnswerTables<Item, B extends Bin> {
  readonly #profile: Profile<Item, B>;
  readonly #tables = new WeakMap<Snapshot<B>, Map<string, Signed>>();

  constructor(profile: Profile<Item, B>) {
    this.#profile = profile;
  }

  /** The table for this item, or none when the snapshot has no versions or no plugin signs. A `Status` when a plugin's `sign` threw. */
  find(item: Item, snapshot: Snapshot<B>): Signed | Status {
    if (snapshot.versions === undefined) return NOTHING_SIGNED;
    let signature = '';
    for (const plugin of this.#profile.plugins) {
      try {
        const text = plugin.sign?.(item);
        if (text !== undefined) signature += `${plugin.name}\u0000${text}\u0001`;
      } catch (error) {
        return thrownStatus(plugin.name, 'PreFilter', error);
      }
    }
    return signature === '' ? NOTHING_SIGNED : this.#lookUp(signature, snapshot);
  }

  #lookUp(signature: string, snapshot: Snapshot<B>): Signed {
    let tables = this.#tables.get(snapshot);
    if (tables === undefined) this.#tables.set(snapshot, (tables = new Map()));
    const rows = snapshot.versions?.at.length ?? 0;
    let signed = tables.get(signature);
    if (signed === undefined) {
      if (tables.size >= Math.max(MIN_TABLES, Math.floor(MAX_ROWS / Math.max(1, rows)))) tables.delete(tables.keys().next().value as string);
      signed = { table: new AnswerTable(this.#profile.score.length), plugins: signers(signature) };
    } else {
      tables.delete(signature);
    }
    tables.set(signature, signed);
    signed.table?.ensure(rows);
    return signed;
  }
}

function signers(signature: string): ReadonlySet<string> {
  return new Set(signature.split('\u0001').map((part) => part.slice(0, part.indexOf('\u0000'))));
}
