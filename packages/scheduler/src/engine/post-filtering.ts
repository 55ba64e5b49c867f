import { checkedStatus, nonsense, thrownStatus } from './checked-call.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { PostFilterContext, PostFilterResult } from './plugin.ts';
import type { Having, Profile } from './profile.ts';
import type { Bin } from './snapshot.ts';
import { messageOf, type Status } from './status.ts';

/** What the PostFilter plugins made of an item that fits nowhere. */
export interface PostFiltering<Item> {
  /** `Success` when a plugin made room, else the answers of all. Undefined when there is no such plugin. */
  readonly status: Status | undefined;
  /** Empty: whatever was promised to the item is void. */
  readonly nominatedNodeName: string | undefined;
  readonly victims: readonly Item[];
  readonly message: string;
}

/** Asks one PostFilter plugin after another until one makes room or fails. */
export function runPostFilters<Item, B extends Bin>(
  profile: Profile<Item, B>,
  item: Item,
  { diagnosis, cycle }: { readonly diagnosis: Diagnosis<B>; readonly cycle: PostFilterContext<Item, B> },
): PostFiltering<Item> {
  const messages: string[] = [];
  let status: Status | undefined;
  let nominatedNodeName: string | undefined;
  for (const plugin of profile.postFilter) {
    const result = runPostFilter(plugin, item, { diagnosis, cycle });
    const message = messageOf(result.status);
    if (message !== '') messages.push(message);
    if (result.status.code === 'Success' || result.status.code === 'Error') {
      return { status: result.status, nominatedNodeName: result.nominatedNodeName, victims: result.victims ?? [], message: messages.join(', ') };
    }
    status ??= result.status;
    if (result.nominatedNodeName !== undefined) nominatedNodeName = result.nominatedNodeName;
  }
  return { status, nominatedNodeName, victims: [], message: messages.join(', ') };
}

function runPostFilter<Item, B extends Bin>(
  plugin: Having<Item, B, 'postFilter'>,
  item: Item,
  { diagnosis, cycle }: { readonly diagnosis: Diagnosis<B>; readonly cycle: PostFilterContext<Item, B> },
): PostFilterResult<Item> {
  try {
    const result: unknown = plugin.postFilter(item, diagnosis, cycle);
    if (typeof result !== 'object' || result === null || !('status' in result)) return { status: nonsense(plugin.name, 'PostFilter', 'returned no result') };
    const typed = result as PostFilterResult<Item>;
    return { ...typed, status: checkedStatus(plugin.name, 'PostFilter', typed.status) ?? typed.status };
  } catch (error) {
    return { status: thrownStatus(plugin.name, 'PostFilter', error) };
  }
}
