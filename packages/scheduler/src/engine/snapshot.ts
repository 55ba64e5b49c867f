/** The least that a bin is: something with a name that is unique within a snapshot. */
export interface Bin {
  readonly name: string;
}

/**
 * Tells the engine which bins changed since it last looked, so that it need not ask the plugins again about those that did not.
 * Invariant: while `at[row(bin)]` stays the same, everything a plugin can read of that bin is the same.
 */
export interface BinVersions<B extends Bin> {
  /** Number of the bin's row, from 0, dense. A row may be used again for another bin; its version then differs. */
  row(bin: B): number;
  /** Version per row, from 1, each change a larger one. May be another array after every change of the snapshot. */
  readonly at: Float64Array;
  /** The rows of `snapshot.nodes`, in their order. */
  readonly rows: Int32Array;
  /** Optional: see {@link ChangeLog}. */
  readonly log?: ChangeLog;
}

/** Which rows changed last, so that whoever knows all bins need not look for what changed. Changes that a {@link Trial} took back are not in it. */
export interface ChangeLog {
  /** Changes so far. Change number `n`, from 1, was of row `rows[n % rows.length]`. */
  readonly count: number;
  /** Changes up to this one are no longer known. */
  readonly oldest: number;
  readonly rows: Int32Array;
}

/**
 * The bins to choose from, as they are at one moment. The engine never changes a snapshot. `{ nodes: [...] }` is one: own bins need nothing more.
 */
export interface Snapshot<B extends Bin> {
  /** In the order in which they are tried. */
  readonly nodes: readonly B[];
  /** Optional: finds a bin by name, which spares a search through all when PreFilter names a few. */
  get?(name: string): B | undefined;
  /** Optional: see {@link BinVersions}. Without it every plugin is asked about every bin at every attempt. */
  readonly versions?: BinVersions<B>;
  /** Optional: begins a {@link Trial}, for plugins that ask what would be if. One at a time. */
  trial?(): Trial;
  /** Optional: see {@link Nominations}. */
  readonly nominations?: Nominations;
}

/**
 * Changes that are tried and then taken back. Between {@link Snapshot.trial} and `undo` the snapshot shows its bins as they would be; nobody else looks at
 * it meanwhile, because decisions are synchronous.
 */
export interface Trial {
  /** As if `item` were on the bin of this name. */
  add(item: unknown, binName: string): void;
  /** As if `item`, which is on some bin, were gone. */
  remove(item: unknown): void;
  /** Makes everything as it was when the trial began. */
  undo(): void;
}

/** Items that were promised room on a bin, see PostFilter. */
export interface Nominations {
  /** How many there are. */
  readonly size: number;
  /** Those whose room on the bin `item` must respect. */
  before(item: unknown, binName: string): readonly unknown[];
  /** Optional: the bins where room was promised. */
  bins?(): Iterable<string>;
  /**
   * Optional: a text that stays the same for as long as `before` has the same answer for this bin and for items of the same rank as this; empty when there is
   * nobody. Undefined when the answer is for this very item.
   */
  stamp?(item: unknown, binName: string): string | undefined;
}
