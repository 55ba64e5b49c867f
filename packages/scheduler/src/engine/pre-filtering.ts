import { checkedStatus, nonsense, thrownStatus } from './checked-call.ts';
import type { Cycle } from './cycle.ts';
import { byCodePoint } from './diagnosis.ts';
import { NameSets, placeKey } from './name-sets.ts';
import type { Having, Profile } from './profile.ts';
import type { Bin } from './snapshot.ts';
import { unresolvable, withPlugin, type Status, type StatusResult } from './status.ts';

/** What the PreFilter plugins made of an item. */
export interface PreFiltering {
  /** Set when the item was turned down, or a plugin failed. */
  readonly status: StatusResult;
  /** Plugins whose Filter is not to be asked. */
  readonly skipped: ReadonlySet<string>;
  /** Only these bins need be looked at; undefined: all. */
  readonly binNames: ReadonlySet<string> | undefined;
  /** The plugins that narrowed the bins down, sorted. */
  readonly narrowedBy: readonly string[];
  /** What each plugin had against the item, for explanations. */
  readonly answers: ReadonlyMap<string, Status>;
  /** The bins that each narrowing plugin left, for explanations. */
  readonly leftBy: ReadonlyMap<string, ReadonlySet<string>>;
}

const NO_ANSWERS: ReadonlyMap<string, Status> = new Map();
const NOTHING_LEFT_OUT: ReadonlyMap<string, ReadonlySet<string>> = new Map();
const NOBODY: readonly string[] = Object.freeze([]);

/**
 * Runs all PreFilter plugins. A plain `Unschedulable` does not end the round: a later plugin may know that it is hopeless. For an explanation nothing
 * ends it.
 */
export function runPreFilters<Item, B extends Bin>(
  profile: Profile<Item, B>,
  item: Item,
  { cycle, sets = new NameSets(profile.preFilter) }: { readonly cycle: Cycle<B>; readonly sets?: NameSets },
): PreFiltering {
  let skippedKey = '';
  let answers = NO_ANSWERS;
  let leftBy = NOTHING_LEFT_OUT;
  let binNames: ReadonlySet<string> | undefined;
  let status: StatusResult;
  const result = (final: StatusResult): PreFiltering => {
    const narrowedBy = leftBy.size === 0 ? NOBODY : [...leftBy.keys()].sort(byCodePoint);
    return { status: final, skipped: sets.of(skippedKey), binNames, narrowedBy, answers, leftBy };
  };
  let hopeless: StatusResult;
  for (let place = 0; place < profile.preFilter.length; place++) {
    const plugin = profile.preFilter[place] as Having<Item, B, 'preFilter'>;
    const answer = runPreFilter(plugin, item, cycle);
    if (answer === undefined) continue;
    if ('nodeNames' in answer) {
      leftBy = new Map(leftBy).set(plugin.name, answer.nodeNames);
      binNames = intersect(binNames, answer.nodeNames);
      if (binNames.size === 0) hopeless ??= noBinLeft(plugin.name, [...leftBy.keys()]);
    } else {
      if (answer.code === 'Skip') {
        skippedKey += placeKey(place);
        continue;
      }
      answers = new Map(answers).set(plugin.name, answer);
      if (answer.code === 'Unschedulable') status ??= answer;
      else hopeless ??= answer;
    }
    if (hopeless !== undefined && !cycle.explaining) break;
  }
  return result(hopeless ?? status);
}

/** The names in both; `undefined` stands for all names. */
function intersect(a: ReadonlySet<string> | undefined, b: ReadonlySet<string>): ReadonlySet<string> {
  return a === undefined ? b : new Set([...b].filter((name) => a.has(name)));
}

function noBinLeft(plugin: string, narrowedBy: readonly string[]): Status {
  const names = [...narrowedBy].sort(byCodePoint);
  const reason = names.length === 1 ? `node(s) didn't satisfy plugin ${names[0]}` : `node(s) didn't satisfy plugin(s) [${names.join(' ')}] simultaneously`;
  return withPlugin(unresolvable(reason), plugin);
}

function runPreFilter<Item, B extends Bin>(
  plugin: Having<Item, B, 'preFilter'>,
  item: Item,
  cycle: Cycle<B>,
): Status | { readonly nodeNames: ReadonlySet<string> } | undefined {
  try {
    const answer: unknown = plugin.preFilter(item, cycle);
    if (typeof answer !== 'object' || answer === null || !('nodeNames' in answer)) return checkedStatus(plugin.name, 'PreFilter', answer);
    const { nodeNames } = answer;
    return nodeNames instanceof Set ? { nodeNames } : nonsense(plugin.name, 'PreFilter', 'returned nodeNames that are no set');
  } catch (error) {
    return thrownStatus(plugin.name, 'PreFilter', error);
  }
}
