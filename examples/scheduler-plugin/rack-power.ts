import type { Node, Pod } from '@kybern/core/kinds';
import {
  SchedulerConfigError,
  unschedulable,
  type CycleContext,
  type FilterPlugin,
  type NodeInfo,
  type PluginFactory,
  type PreFilterPlugin,
  type ScorePlugin,
} from '@kybern/scheduler';

/** Nodes say which rack they are in, and Pods how much power they draw. */
export const RACK = 'example.com/rack';
export const WATTS = 'example.com/watts';
const NAME = 'RackPower';

/** Arguments, as they come from `pluginConfig`. */
export interface RackPowerArgs {
  readonly wattsPerRack: number;
}

const wattsOf = (pod: Pod): number => Number(pod.metadata.annotations?.[WATTS] ?? 0);
const rackOf = (node: Node): string | undefined => node.metadata.labels?.[RACK];

/** What each rack draws. It is written once per attempt, and copied when preemption asks what would be if some Pods were gone. */
class RackUse {
  readonly #watts: Map<string, number>;

  constructor(watts: Map<string, number> = new Map()) {
    this.#watts = watts;
  }

  of(node: Node): number {
    return this.#watts.get(rackOf(node) ?? '') ?? 0;
  }

  add(node: Node, watts: number): void {
    this.#watts.set(rackOf(node) ?? '', this.of(node) + watts);
  }

  clone(): RackUse {
    return new RackUse(new Map(this.#watts));
  }
}

/**
 * Keeps the power that the Pods in a rack draw within its budget, and prefers racks that have most left. What it says of a node depends on other nodes too, so
 * it does not `sign`: its answers are not used again.
 */
export function rackPower({ wattsPerRack }: RackPowerArgs): PreFilterPlugin & FilterPlugin & ScorePlugin {
  const use = (cycle: CycleContext): RackUse => cycle.state.get<RackUse>(NAME) ?? measure(cycle);
  const left = (node: NodeInfo, cycle: CycleContext): number => wattsPerRack - use(cycle).of(node.node);
  return {
    name: NAME,
    preFilter(_pod, cycle) {
      cycle.state.set(NAME, measure(cycle));
      return undefined;
    },
    addPod(_pod, { item, bin }, cycle) {
      use(cycle).add(bin.node, wattsOf(item));
      return undefined;
    },
    removePod(_pod, { item, bin }, cycle) {
      use(cycle).add(bin.node, -wattsOf(item));
      return undefined;
    },
    filter(pod, node, cycle) {
      if (rackOf(node.node) === undefined || wattsOf(pod) <= left(node, cycle)) return undefined;
      const rejected = unschedulable('node(s) are in a rack without enough power');
      return cycle.explaining ? { ...rejected, details: { wattsLeft: left(node, cycle) } } : rejected;
    },
    // No normalizeScore: the score is between 0 and 100 already.
    score: (pod, node, cycle) => Math.max(0, Math.floor((100 * (left(node, cycle) - wattsOf(pod))) / wattsPerRack)),
    // A Pod that was turned down is tried again when a Pod goes or a node comes or moves, and not before.
    eventsToRegister: () => [
      { resource: 'AssignedPod', actions: ['Delete'], hint: (_pod, { old }) => (wattsOf(old as Pod) > 0 ? 'Queue' : 'QueueSkip') },
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
    ],
  };
}

function measure({ snapshot }: CycleContext): RackUse {
  const use = new RackUse();
  for (const { node, pods } of snapshot.nodes) for (const pod of pods) use.add(node, wattsOf(pod));
  return use;
}

/** For configuration files: checks the arguments, naming what is wrong. */
export const makeRackPower: PluginFactory = (args) => {
  const { wattsPerRack } = (args ?? {}) as Partial<RackPowerArgs>;
  if (!(typeof wattsPerRack === 'number' && wattsPerRack > 0)) throw new SchedulerConfigError('wattsPerRack', 'must be a number above 0');
  return rackPower({ wattsPerRack });
};
