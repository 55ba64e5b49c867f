import { CycleState } from './cycle-state.ts';
import type { CycleContext } from './plugin.ts';
import type { Bin, Snapshot } from './snapshot.ts';

/** The engine's side of a {@link CycleContext}. */
export class Cycle<B extends Bin> implements CycleContext<B> {
  readonly snapshot: Snapshot<B>;
  readonly state: CycleState = new CycleState();
  readonly explaining: boolean;
  feasible: readonly B[] = [];

  constructor(snapshot: Snapshot<B>, explaining: boolean) {
    this.snapshot = snapshot;
    this.explaining = explaining;
  }
}
