import type { Pod } from '@kybern/core/kinds';
import type { Plugin } from '../engine/plugin.ts';
import type { PluginOrder } from '../engine/profile.ts';
import { failure, skip, unresolvable, unschedulable, withPlugin, type Status } from '../engine/status.ts';
import type { SchedulerExtender } from './extender.ts';

/** What the extenders have said so far about one Pod. */
export interface ExtenderAnswers {
  readonly asked: Set<string>;
  /** Node name → the answer against it. */
  readonly rejected: Map<string, Status>;
  /** Extender → node name → 0 to 10. */
  readonly priorities: Map<SchedulerExtender, ReadonlyMap<string, number>>;
  /** Nodes on which an extender allows no preemption. */
  readonly refused: Set<string>;
  /** Only nodes that were asked about may be chosen. */
  isClosed: boolean;
  /** The nodes that passed all filters when last they were asked. */
  feasible: readonly string[];
}

/** The Pods under consideration. */
export type AnswersByPod = WeakMap<Pod, ExtenderAnswers>;

const GATE = 'Extenders';
const REFUSAL = 'ExtenderPreemption';
const MAX_PRIORITY = 10;

/** @returns answers before anybody was asked */
export function noAnswers(): ExtenderAnswers {
  return { asked: new Set(), rejected: new Map(), priorities: new Map(), refused: new Set(), isClosed: false, feasible: [] };
}

/** The extenders as plugins of the engine: they read answers that were collected before, because a decision is synchronous. */
export function extenderPlugins(extenders: readonly SchedulerExtender[], answers: AnswersByPod): readonly Plugin[] {
  const notAsked = withPlugin(unschedulable('node(s) were not offered to the extenders'), GATE);
  const refused = withPlugin(unresolvable('an extender does not allow preemption here'), REFUSAL);
  const refusal: Plugin = {
    name: REFUSAL,
    filter: (pod, { name }) => (answers.get(pod)?.refused.has(name) === true ? refused : undefined),
    eventsToRegister: () => [],
  };
  const gate: Plugin = {
    name: GATE,
    filter(pod, { name }) {
      const known = answers.get(pod);
      if (known === undefined) return undefined;
      return known.rejected.get(name) ?? (known.isClosed && !known.asked.has(name) ? notAsked : undefined);
    },
    preScore(pod, { feasible }) {
      const known = answers.get(pod);
      if (known !== undefined) known.feasible = feasible.map(({ name }) => name);
      return undefined;
    },
  };
  return [refusal, gate, ...extenders.flatMap((extender) => [...scorer(extender, answers), ...binder(extender)])];
}

function scorer(extender: SchedulerExtender, answers: AnswersByPod): readonly Plugin[] {
  if (extender.prioritize === undefined) return [];
  const scale = 100 / MAX_PRIORITY;
  return [
    {
      name: `Priorities of ${extender.name}`,
      weight: extender.weight ?? 1,
      score: (pod, { name }) => (answers.get(pod)?.priorities.get(extender)?.get(name) ?? 0) * scale,
    },
  ];
}

function binder(extender: SchedulerExtender): readonly Plugin[] {
  if (extender.bind === undefined) return [];
  return [
    {
      name: binderName(extender),
      async bind(pod, nodeName, { signal }) {
        if (!extender.isInterested(pod)) return skip();
        try {
          await extender.bind?.(pod, nodeName, { signal });
          return undefined;
        } catch (error) {
          return failure(`extender ${extender.name}: ${error instanceof Error ? error.message : String(error)}`, error);
        }
      },
      eventsToRegister: () => [],
    },
  ];
}

function binderName({ name }: SchedulerExtender): string {
  return `Binder ${name}`;
}

/** The order of a profile with the extenders' plugins in it: what they refuse counts first, and who binds, binds before the others. */
export function withExtenders(order: PluginOrder | undefined, extenders: readonly SchedulerExtender[]): PluginOrder {
  const binders = extenders.filter(({ bind }) => bind !== undefined).map(binderName);
  return { ...order, filter: [REFUSAL, ...(order?.filter ?? [])], bind: [...binders, ...(order?.bind ?? [])] };
}

/** The status of a node that an extender turned down. */
export function rejectionBy(reason: string, isResolvable: boolean): Status {
  return withPlugin(isResolvable ? unschedulable(reason) : unresolvable(reason), GATE);
}
