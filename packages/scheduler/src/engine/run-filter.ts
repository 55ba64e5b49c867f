import { checkedStatus, thrownStatus } from './checked-call.ts';
import type { Cycle } from './cycle.ts';
import type { Having } from './profile.ts';
import type { Bin } from './snapshot.ts';
import { success, type Status, type StatusResult } from './status.ts';

/** Frozen answers that were found in order, with the plugin whose they are: most plugins turn bins down with the same few. */
const inOrder = new WeakMap<object, string>();

/** One filter's answer about one bin; undefined when it lets the item in. */
export function runFilter<Item, B extends Bin>(
  plugin: Having<Item, B, 'filter'>,
  item: Item,
  { bin, cycle }: { readonly bin: B; readonly cycle: Cycle<B> },
): StatusResult {
  try {
    const answer: unknown = plugin.filter(item, bin, cycle);
    if (answer === undefined || answer === success()) return undefined;
    if (typeof answer === 'object' && answer !== null && inOrder.get(answer) === plugin.name) return answer as Status;
    const status = checkedStatus(plugin.name, 'Filter', answer);
    if (status !== undefined && status === answer && Object.isFrozen(status)) inOrder.set(status, plugin.name);
    return status;
  } catch (error) {
    return thrownStatus(plugin.name, 'Filter', error);
  }
}
