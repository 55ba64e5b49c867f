import { checkedStatus, thrownStatus } from './checked-call.ts';
import { Cycle } from './cycle.ts';
import type { ActiveFilters, WhatIfPlugins } from './filtering.ts';
import type { Plugin, WhatIf } from './plugin.ts';
import { runFilter } from './run-filter.ts';
import type { Bin, Nominations, Trial } from './snapshot.ts';
import type { StatusResult } from './status.ts';

/**
 * A bin as it would be. The snapshot itself is changed and changed back, so plugins that read it need no AddPod and RemovePod; those that keep state of
 * their own in the cycle have theirs called on a copy of it.
 */
export class BinWhatIf<Item, B extends Bin> implements WhatIf<Item> {
  readonly #filters: ActiveFilters<Item, B>;
  readonly #bin: B;
  readonly #trial: Trial;
  readonly #cycle: Cycle<B>;
  readonly #plugins: WhatIfPlugins<Item, B>;

  constructor(filters: ActiveFilters<Item, B>, bin: B, trial: Trial) {
    this.#filters = filters;
    this.#bin = bin;
    this.#trial = trial;
    this.#plugins = filters.whatIf();
    const { snapshot, explaining, state } = filters.cycle;
    this.#cycle = new Cycle(snapshot, explaining, state.clone());
  }

  add(item: Item): StatusResult {
    this.#trial.add(item, this.#bin.name);
    return this.#tell('addPod', 'AddPod', item);
  }

  remove(item: Item): StatusResult {
    this.#trial.remove(item);
    return this.#tell('removePod', 'RemovePod', item);
  }

  fits(): StatusResult {
    const { nominations } = this.#cycle.snapshot;
    if (nominations === undefined || nominations.size === 0) return this.fitsAsIs();
    // A trial within the trial: it takes back only what it added.
    return judgeBesidePromised({ ...this.#filters, cycle: this.#cycle }, this.#bin, nominations) ?? this.fitsAsIs();
  }

  end(): void {
    this.#trial.undo();
  }

  /** {@link fits} without those that were promised room. */
  fitsAsIs(): StatusResult {
    const { item } = this.#filters;
    for (const plugin of this.#plugins.filters) {
      const status = runFilter(plugin, item, { bin: this.#bin, cycle: this.#cycle });
      if (status !== undefined) return status;
    }
    return undefined;
  }

  #tell(method: 'addPod' | 'removePod', point: 'AddPod' | 'RemovePod', item: Item): StatusResult {
    for (const plugin of this.#plugins.listening) {
      const status = tellPlugin(plugin, point, () => plugin[method]?.(this.#filters.item, { item, bin: this.#bin }, this.#cycle));
      if (status !== undefined) return status;
    }
    return undefined;
  }
}

function tellPlugin<Item, B extends Bin>({ name }: Plugin<Item, B>, point: 'AddPod' | 'RemovePod', call: () => unknown): StatusResult {
  try {
    return checkedStatus(name, point, call());
  } catch (error) {
    return thrownStatus(name, point, error);
  }
}

/** {@link judgeBesidePromised}, remembered for items of the same signature and rank as long as neither bin nor promises change. */
export function recallBesidePromised<Item, B extends Bin>(filters: ActiveFilters<Item, B>, bin: B, nominations: Nominations): StatusResult {
  const { table, unsigned, item, cycle } = filters;
  const { versions } = cycle.snapshot;
  const stamp = nominations.stamp?.(item, bin.name);
  if (stamp === '') return undefined;
  if (stamp === undefined || table === undefined || unsigned.length > 0 || versions === undefined) return judgeBesidePromised(filters, bin, nominations);
  const row = versions.row(bin);
  const version = versions.at[row] as number;
  const known = table.besidePromised[row];
  if (known?.version === version && known.stamp === stamp) return known.status;
  const status = judgeBesidePromised(filters, bin, nominations);
  if (status?.code !== 'Error') table.besidePromised[row] = { version, stamp, status };
  return status;
}

/** Whether the item fits beside those that were promised room on the bin. Undefined when there are none, or it does: then the usual pass decides. */
export function judgeBesidePromised<Item, B extends Bin>(filters: ActiveFilters<Item, B>, bin: B, nominations: Nominations): StatusResult {
  const promised = nominations.before(filters.item, bin.name);
  const trial = promised.length === 0 ? undefined : filters.cycle.snapshot.trial?.();
  if (trial === undefined) return undefined;
  const whatIf = new BinWhatIf(filters, bin, trial);
  try {
    for (const item of promised) {
      const failed = whatIf.add(item as Item);
      if (failed !== undefined) return failed;
    }
    return whatIf.fitsAsIs();
  } finally {
    whatIf.end();
  }
}
