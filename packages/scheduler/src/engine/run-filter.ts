import { checkedStatus, thrownStatus } from './checked-call.ts';
import type { Cycle } from './cycle.ts';
import type { Having } from './profile.ts';
import type { Bin } from './snapshot.ts';
import { success, type StatusResult } from './status.ts';

/** One filter's answer about one bin; undefined when it lets the item in. */
export function runFilter<Item, B extends Bin>(
  plugin: Having<Item, B, 'filter'>,
  item: Item,
  { bin, cycle }: { readonly bin: B; readonly cycle: Cycle<B> },
): StatusResult {
  try {
    const answer: unknown = plugin.filter(item, bin, cycle);
    return answer === undefined || answer === success() ? undefined : checkedStatus(plugin.name, 'Filter', answer);
  } catch (error) {
    return thrownStatus(plugin.name, 'Filter', error);
  }
}
