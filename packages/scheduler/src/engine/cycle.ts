import { CycleState } from './cycle-state.ts';
import type { CycleContext } from './plugin.ts';
import type { Bin, Snapshot } from './snapshot.ts';

/** Some bins out of a list, by their positions in it. The positions are scratch space: they hold for one attempt. */
export interface BinSelection<B extends Bin> {
  readonly bins: readonly B[];
  readonly positions: Int32Array;
  readonly count: number;
}

/** No bins. */
export const NO_BINS: BinSelection<never> = { bins: [], positions: new Int32Array(0), count: 0 };

/** The engine's side of a {@link CycleContext}. */
export class Cycle<B extends Bin> implements CycleContext<B> {
  readonly snapshot: Snapshot<B>;
  readonly state: CycleState;
  readonly explaining: boolean;
  #selection: BinSelection<B> = NO_BINS;
  #later: (() => BinSelection<B>) | undefined;
  #feasible: readonly B[] | undefined = [];

  constructor(snapshot: Snapshot<B>, explaining: boolean, state: CycleState = new CycleState()) {
    this.state = state;
    this.snapshot = snapshot;
    this.explaining = explaining;
  }

  /** Made only when somebody wants it: most plugins look at one bin after the other. */
  get feasible(): readonly B[] {
    this.#feasible ??= listBins(this.selection);
    return this.#feasible;
  }

  get feasibleRows(): Int32Array | undefined {
    const { bins, positions, count } = this.selection;
    const { nodes, versions } = this.snapshot;
    if (versions === undefined || bins !== nodes) return undefined;
    const { rows } = versions;
    const list = new Int32Array(count);
    for (let i = 0; i < count; i++) list[i] = rows[positions[i] as number] as number;
    return list;
  }

  get selection(): BinSelection<B> {
    if (this.#later !== undefined) {
      this.#selection = this.#later();
      this.#later = undefined;
    }
    return this.#selection;
  }

  select(selection: BinSelection<B>): void {
    this.#selection = selection;
    this.#later = undefined;
    this.#feasible = undefined;
  }

  /** Selects bins that are only sought out when somebody asks for them. */
  selectLater(find: () => BinSelection<B>): void {
    this.#later = find;
    this.#feasible = undefined;
  }
}

/** The selected bins, as a list of its own. */
export function listBins<B extends Bin>({ bins, positions, count }: BinSelection<B>): readonly B[] {
  const list: B[] = [];
  for (let i = 0; i < count; i++) list.push(bins[positions[i] as number] as B);
  return list;
}

/** All bins of a list. */
export function selectAll<B extends Bin>(bins: readonly B[]): BinSelection<B> {
  return { bins, positions: Int32Array.from(bins.keys()), count: bins.length };
}
