import type { AnswerTable, Signed } from './answer-table.ts';
import type { BinMemo } from './plugin.ts';
import type { Profile } from './profile.ts';
import type { Bin, BinVersions, Snapshot } from './snapshot.ts';

/** What is remembered about bins in the table of an item's signature; undefined when a filter that takes part did not sign. */
export function tableMemo<Item, B extends Bin>(
  profile: Profile<Item, B>,
  attempt: { readonly item: Item; readonly snapshot: Snapshot<B>; readonly signed: Signed; readonly skipped: ReadonlySet<string> },
): BinMemo<B> | undefined {
  const { item, snapshot, signed, skipped } = attempt;
  const { table, plugins } = signed;
  const { versions } = snapshot;
  if (table === undefined || versions === undefined) return undefined;
  if (!profile.filter.every(({ name }) => skipped.has(name) || plugins.has(name))) return undefined;
  return new TableMemo({ item, snapshot, versions, table });
}

interface Known<Item, B extends Bin> {
  readonly item: Item;
  readonly snapshot: Snapshot<B>;
  readonly versions: BinVersions<B>;
  readonly table: AnswerTable;
}

interface Note {
  readonly owner: string;
  readonly value: unknown;
  /** Of the promises that it was found out under. */
  readonly stamp: string;
}

class TableMemo<Item, B extends Bin> implements BinMemo<B> {
  readonly #known: Known<Item, B>;

  constructor(known: Known<Item, B>) {
    this.#known = known;
  }

  get(owner: string, bin: B): unknown {
    const { versions, table } = this.#known;
    const row = versions.row(bin);
    if (table.memoVersion[row] !== versions.at[row]) return undefined;
    const note = table.memos[row] as Note;
    return note.owner === owner && note.stamp === this.#stamp(bin) ? note.value : undefined;
  }

  set(owner: string, bin: B, value: unknown): void {
    const stamp = this.#stamp(bin);
    if (stamp === undefined) return;
    const { versions, table } = this.#known;
    const row = versions.row(bin);
    table.memoVersion[row] = versions.at[row] as number;
    table.memos[row] = { owner, value, stamp } satisfies Note;
  }

  #stamp({ name }: B): string | undefined {
    const { item, snapshot } = this.#known;
    const { nominations } = snapshot;
    if (nominations === undefined || nominations.size === 0) return '';
    if (nominations.stamp !== undefined) return nominations.stamp(item, name);
    return nominations.before(item, name).length === 0 ? '' : undefined;
  }
}
