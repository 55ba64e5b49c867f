import type { Job, Pod } from '@kybern/core/kinds';
import { isPodActive, isPodReady, isPodTerminal, isPodTerminating } from '../pod-state.ts';
import { countIndexes, hasIndex, parseIndexes, withIndexes, type IndexSet } from './indexes.ts';
import { countAnnotation, earlierFailures, finishedAtMs, INDEX_FAILURES, isIndexed, isPodFailed, isTracked, validIndex } from './job-pods.ts';
import { judgePodFailure } from './pod-failure-policy.ts';

/** What a Job and its Pods amount to. */
export interface JobFacts {
  readonly job: Job;
  /** The Pods of the Job that are not over and done with; those of an Indexed one in the order of their indexes. */
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  /** How many Pods have been told to go and have not ended. */
  readonly terminating: number;
  readonly ready: number;
  /** Ended Pods that the status does not know yet. */
  readonly newlySucceeded: readonly Pod[];
  readonly newlyFailed: readonly Pod[];
  /** All completions: those of the status, those about to be counted and the new ones. */
  readonly succeeded: number;
  /** All failures that count towards the limit. */
  readonly failed: number;
  /** The uids of ended Pods that the status has noted and not counted. */
  readonly uncounted: { readonly succeeded: ReadonlySet<string>; readonly failed: ReadonlySet<string> };
  /** Indexes that the status has as succeeded. Empty when the Job has no indexes. */
  readonly knownIndexes: IndexSet;
  /** These, and those that succeeded since. */
  readonly succeededIndexes: IndexSet;
  /** Indexes that failed for good; undefined when there is no limit per index. */
  readonly failedIndexes: IndexSet | undefined;
  /** Failed Pods that are kept until their replacement exists, which takes over how often their index has failed; by index. */
  readonly awaitingReplacement: ReadonlyMap<number, Pod>;
}

/**
 * Gathers what the decisions about a Job need.
 *
 * @see kubernetes v1.36 pkg/controller/job/job_controller.go (syncJob)
 */
export function observeJob(job: Job, all: readonly Pod[]): JobFacts {
  const pods = inOrder(job, all.filter(concernsJob));
  const active = pods.filter(isPodActive);
  const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {};
  const uncounted = { succeeded: new Set(succeeded), failed: new Set(failed) };
  const isNew = (pod: Pod, known: ReadonlySet<string>): boolean =>
    isTracked(pod) && !known.has(pod.metadata.uid ?? '') && (!isIndexed(job) || validIndex(job, pod) !== undefined);
  const newlySucceeded = pods.filter((pod) => pod.status?.phase === 'Succeeded' && isNew(pod, uncounted.succeeded));
  const newlyFailed = pods.filter((pod) => isPodFailed(job, pod) && isNew(pod, uncounted.failed));
  const indexes = observeIndexes(job, { pods, active });
  const counted = newlyFailed.filter((pod) => judgePodFailure(job.spec.podFailurePolicy, pod).counted).length;
  return {
    job,
    pods,
    active,
    terminating: pods.filter(isPodTerminating).length,
    ready: active.filter(isPodReady).length,
    newlySucceeded,
    newlyFailed,
    succeeded: isIndexed(job) ? countIndexes(indexes.succeededIndexes) : (job.status?.succeeded ?? 0) + newlySucceeded.length + succeeded.length,
    failed: (job.status?.failed ?? 0) + counted + failed.length,
    uncounted,
    ...indexes,
  };
}

/** Ended Pods that have been counted are kept for their logs only, and may be many. */
const concernsJob = (pod: Pod): boolean => isTracked(pod) || !isPodTerminal(pod);

function inOrder(job: Job, pods: readonly Pod[]): readonly Pod[] {
  if (!isIndexed(job)) return pods;
  const indexed = pods.map((pod) => ({ pod, index: validIndex(job, pod) ?? Number.MAX_SAFE_INTEGER }));
  return indexed.sort((a, b) => a.index - b.index).map(({ pod }) => pod);
}

type IndexFacts = Pick<JobFacts, 'knownIndexes' | 'succeededIndexes' | 'failedIndexes' | 'awaitingReplacement'>;
const NO_INDEXES: IndexFacts = { knownIndexes: [], succeededIndexes: [], failedIndexes: undefined, awaitingReplacement: new Map() };

/** @see kubernetes v1.36 pkg/controller/job/indexed_job_utils.go (calculateSucceededIndexes, calculateFailedIndexes) */
function observeIndexes(job: Job, { pods, active }: Pick<JobFacts, 'pods' | 'active'>): IndexFacts {
  if (!isIndexed(job)) return NO_INDEXES;
  const { spec, status } = job;
  const completions = spec.completions ?? 0;
  const indexesOf = (holds: (pod: Pod) => boolean): readonly number[] =>
    pods.filter((pod) => isTracked(pod) && holds(pod)).flatMap((pod) => validIndex(job, pod) ?? []);
  const knownIndexes = parseIndexes(status?.completedIndexes, completions);
  const succeededIndexes = withIndexes(
    knownIndexes,
    indexesOf((pod) => pod.status?.phase === 'Succeeded'),
  );
  if (spec.backoffLimitPerIndex === undefined) return { ...NO_INDEXES, knownIndexes, succeededIndexes };
  const failedIndexes = withIndexes(
    parseIndexes(status?.failedIndexes, completions),
    indexesOf((pod) => isIndexFailed(job, pod)),
  );
  const running = withIndexes(
    [],
    active.flatMap((pod) => validIndex(job, pod) ?? []),
  );
  const isSettled = (index: number): boolean => [succeededIndexes, failedIndexes, running].some((set) => hasIndex(set, index));
  return { knownIndexes, succeededIndexes, failedIndexes, awaitingReplacement: awaitingReplacement(job, pods, isSettled) };
}

/** Whether the Pod's failure is the last that its index may have. */
function isIndexFailed(job: Job, pod: Pod): boolean {
  if (!isPodFailed(job, pod)) return false;
  const { action, counted } = judgePodFailure(job.spec.podFailurePolicy, pod);
  return action === 'FailIndex' || (counted && countAnnotation(pod, INDEX_FAILURES) >= (job.spec.backoffLimitPerIndex ?? 0));
}

/** @see kubernetes v1.36 pkg/controller/job/indexed_job_utils.go (getPodsWithDelayedDeletionPerIndex) */
function awaitingReplacement(job: Job, pods: readonly Pod[], isSettled: (index: number) => boolean): ReadonlyMap<number, Pod> {
  const result = new Map<number, Pod>();
  for (const pod of pods) {
    const index = validIndex(job, pod);
    if (index === undefined || !isTracked(pod) || !isPodFailed(job, pod) || isSettled(index)) continue;
    const other = result.get(index);
    if (other === undefined || (earlierFailures(other) <= earlierFailures(pod) && finishedAtMs(other) <= finishedAtMs(pod))) result.set(index, pod);
  }
  return result;
}
