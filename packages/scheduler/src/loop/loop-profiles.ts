import { systemRandom, type Client, type Clock, type KubernetesObject, type Logger, type Random } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import { createEventRecorder, type EventRecorder } from '@kybern/reconcile';
import type { NodeInfo } from '../cluster/node-info.ts';
import type { SchedulerProfile } from '../config/configure-profile.ts';
import { createScheduler, type Scheduler } from '../engine/scheduler.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { SchedulerExtender } from '../extender/extender.ts';
import { extenderPlugins, withExtenders, type AnswersByPod } from '../extender/extender-plugins.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import { DEFAULT_SCHEDULER_NAME } from './scheduler-name.ts';
import type { SchedulerLoopOptions } from './scheduler-loop.ts';

/** A profile at work. */
export interface LoopProfile {
  readonly schedulerName: string;
  readonly engine: Scheduler<Pod, NodeInfo>;
}

/** The profiles of a loop, by the scheduler's name that Pods give. The first is the one whose queue order counts; there is at least one. */
export type LoopProfiles = ReadonlyMap<string, LoopProfile>;

/** @throws {SchedulerConfigError} when there is none, two have one name, or one cannot order the queue or bind */
export function loopProfiles(options: SchedulerLoopOptions, extenders: readonly SchedulerExtender[], answers: AnswersByPod): LoopProfiles {
  const { random = systemRandom(), percentageOfNodesToScore = 0, profiles: given } = options;
  if (given !== undefined && (options.plugins !== undefined || options.schedulerName !== undefined)) {
    throw new SchedulerConfigError('profiles', 'say plugins and schedulerName in the profiles');
  }
  const profiles = new Map<string, LoopProfile>();
  const ties = random.fork('ties');
  for (const [index, profile] of (given ?? [onlyProfile(options)]).entries()) {
    const { schedulerName } = profile;
    if (profiles.has(schedulerName)) throw new SchedulerConfigError(`profiles[${index}].schedulerName`, `there are two of the name "${schedulerName}"`);
    const path = given === undefined ? 'plugins' : `profiles[${index}].plugins`;
    const engine = engineOf(profile, { extenders, answers, random: ties, percentageOfNodesToScore });
    if (engine.profile.queueSort === undefined) throw new SchedulerConfigError(path, 'none of them orders the queue (`less`); add prioritySort()');
    if (engine.profile.bind.length === 0) throw new SchedulerConfigError(path, 'none of them binds; add defaultBinder()');
    profiles.set(schedulerName, { schedulerName, engine });
  }
  if (profiles.size === 0) throw new SchedulerConfigError('profiles', 'there must be at least one');
  return profiles;
}

function onlyProfile({ plugins = defaultPlugins(), schedulerName = DEFAULT_SCHEDULER_NAME }: SchedulerLoopOptions): SchedulerProfile {
  return { plugins, schedulerName };
}

function engineOf(
  profile: SchedulerProfile,
  shared: {
    readonly extenders: readonly SchedulerExtender[];
    readonly answers: AnswersByPod;
    readonly random: Random;
    readonly percentageOfNodesToScore: number;
  },
): Scheduler<Pod, NodeInfo> {
  const { extenders, answers, random } = shared;
  const percentageOfNodesToScore = profile.percentageOfNodesToScore ?? shared.percentageOfNodesToScore;
  if (extenders.length === 0)
    return createScheduler({ plugins: profile.plugins, ...(profile.order === undefined ? {} : { order: profile.order }), random, percentageOfNodesToScore });
  const plugins = [...profile.plugins, ...extenderPlugins(extenders, answers)];
  return createScheduler({ plugins, order: withExtenders(profile.order, extenders), random, percentageOfNodesToScore });
}

/** The name of the scheduler that a Pod is for. */
export function schedulerNameOf({ spec }: Pod): string {
  return spec.schedulerName ?? DEFAULT_SCHEDULER_NAME;
}

/** Events in the name of the profile that a Pod is for. */
export function profileRecorder(
  profiles: LoopProfiles,
  { random, ...shared }: { readonly client: Client; readonly clock: Clock; readonly logger: Logger; readonly random: Random },
): EventRecorder {
  const recorders = new Map(
    [...profiles.keys()].map((component, index) => [
      component,
      createEventRecorder({ ...shared, component, random: index === 0 ? random : random.fork(component) }),
    ]),
  );
  const [first] = recorders.values();
  const recorderOf = (object: KubernetesObject): EventRecorder => recorders.get(schedulerNameOf(object as Pod)) ?? (first as EventRecorder);
  return {
    event: (object, event) => recorderOf(object).event(object, event),
    async flush() {
      await Promise.all([...recorders.values()].map((recorder) => recorder.flush()));
    },
  };
}
