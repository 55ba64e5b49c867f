import type { Job, JobSpec, JobStatus, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { job, jobPod, type JobPodFacts } from '../../test/job-objects.ts';
import { at, START_MS } from '../../test/objects.ts';
import { NO_FAILURES, type BackoffRecord } from './backoff.ts';
import { computeJob, type JobPlan } from './compute.ts';
import { computeJobEnd, computeJobStatus, type JobStatusPlan } from './status.ts';

const NOW = START_MS + 3_600_000;
const many = (count: number, facts: JobPodFacts, from = 0): readonly Pod[] =>
  Array.from({ length: count }, (_, i) => jobPod(`${facts.phase ?? 'Running'}-${from + i}`, facts));
const indexed = (entries: Readonly<Record<number, JobPodFacts>>): readonly Pod[] =>
  Object.entries(entries).map(([index, facts]) => jobPod(`i${index}`, { ...facts, index: Number(index) }));
const plan = (object: Job, pods: readonly Pod[], { nowMs = NOW, backoff = NO_FAILURES }: { nowMs?: number; backoff?: BackoffRecord } = {}): JobPlan =>
  computeJob({ nowMs, job: object, pods, backoff });
/** The status after a plan of which everything succeeded, and the end after everything was released. */
const carriedOut = (object: Job, planned: JobPlan, terminating = 0): { first: JobStatusPlan; last: JobStatus; events: string[] } => {
  const first = computeJobStatus({ nowMs: NOW, plan: planned, created: planned.create.length, removed: planned.remove, terminating });
  const tracked = planned.facts.pods.filter((pod) => pod.metadata.finalizers?.length === 1 && !first.release.includes(pod) && !planned.remove.includes(pod));
  const end = computeJobEnd({ nowMs: NOW, job: object, status: first.status, outcome: first.outcome, tracked });
  return { first, last: end.status, events: [...first.events, ...end.events].map((event) => event.reason) };
};
const conditions = (status: JobStatus): string[] => (status.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is}/${reason}`);
const indexes = (planned: JobPlan): (string | undefined)[] =>
  planned.create.map(({ metadata }) => metadata?.annotations?.['batch.kubernetes.io/job-completion-index']);

describe('how many Pods', () => {
  it.each<{ name: string; spec?: Partial<JobSpec>; status?: JobStatus; pods?: readonly Pod[]; create?: number; remove?: number }>([
    { name: 'a new Job', create: 2 },
    { name: 'a new work queue', spec: { completions: undefined as never }, create: 2 },
    { name: 'all at work', pods: many(2, {}) },
    { name: 'one ended', pods: [...many(1, {}), ...many(1, { phase: 'Succeeded' })], create: 1 },
    { name: 'a failed one is replaced', pods: [...many(1, {}), ...many(1, { phase: 'Failed' })], create: 1 },
    { name: 'a work queue adds none after a success', spec: { completions: undefined as never }, pods: [...many(1, {}), ...many(1, { phase: 'Succeeded' })] },
    { name: 'not more than are missing', status: { succeeded: 4 }, pods: [], create: 1 },
    { name: 'too many', pods: many(3, {}), remove: 1 },
    { name: 'too many for what is missing', status: { succeeded: 4 }, pods: many(2, {}), remove: 1 },
    { name: 'parallelism 0', spec: { parallelism: 0 }, pods: many(2, {}), remove: 2 },
    { name: 'suspended', spec: { suspend: true }, pods: many(2, {}), remove: 2 },
    { name: 'a burst has a limit', spec: { parallelism: 700, completions: 700 }, create: 500 },
    { name: 'a Pod that goes is replaced at once', pods: [...many(1, {}), jobPod('going', { deleted: true })], create: 1 },
    {
      name: 'a Pod that goes is not replaced before it failed',
      spec: { podReplacementPolicy: 'Failed' },
      pods: [...many(1, {}), jobPod('going', { deleted: true })],
    },
    { name: 'counted ones are not counted again', status: { succeeded: 1 }, pods: many(1, { phase: 'Succeeded', tracked: false }), create: 2 },
    {
      name: 'noted ones are counted once',
      status: { succeeded: 3, uncountedTerminatedPods: { succeeded: ['uid-Succeeded-0'] } },
      pods: many(1, { phase: 'Succeeded' }),
      create: 1,
    },
  ])('$name', ({ spec, status, pods = [], create = 0, remove = 0 }) => {
    const planned = plan(job(spec, status === undefined ? {} : { status }), pods);
    expect([planned.create.length, planned.remove.length]).toEqual([create, remove]);
  });

  it('a Job that is being deleted makes none and releases all', () => {
    const object = job({}, { metadata: { deletionTimestamp: at(1) } });
    const planned = plan(object, many(1, {}));
    expect([planned.create, planned.remove]).toEqual([[], []]);
    expect(carriedOut(object, planned).first.release).toHaveLength(1);
  });

  it('what is tracked no longer goes first: it could not be counted', () => {
    const untracked = jobPod('untracked', { ready: true, tracked: false });
    expect(plan(job({ parallelism: 1 }), [jobPod('tracked', { phase: 'Pending' }), untracked]).remove).toEqual([untracked]);
  });

  it('those that got least far go first', () => {
    const ready = jobPod('ready', { ready: true });
    const pending = jobPod('pending', { phase: 'Pending' });
    expect(plan(job({ parallelism: 1 }), [ready, pending]).remove).toEqual([pending]);
  });
});

describe('an Indexed Job', () => {
  const object = job({ completionMode: 'Indexed', parallelism: 3 });
  it.each<{ name: string; pods?: Readonly<Record<number, JobPodFacts>>; status?: JobStatus; spec?: Partial<JobSpec>; create: string[] }>([
    { name: 'begins with the lowest', create: ['0', '1', '2'] },
    { name: 'fills gaps', pods: { 1: {} }, create: ['0', '2'] },
    { name: 'does not repeat completed ones', status: { completedIndexes: '0,2' }, create: ['1', '3', '4'] },
    { name: 'nor those that completed just now', pods: { 0: { phase: 'Succeeded' }, 1: { phase: 'Succeeded', tracked: false } }, create: ['1', '2', '3'] },
    { name: 'repeats failed ones', pods: { 0: { phase: 'Failed' }, 1: {}, 2: {} }, create: ['0'] },
    { name: 'no more than there are', status: { completedIndexes: '0-3' }, create: ['4'] },
    { name: 'grows', spec: { completions: 7, parallelism: 7 }, status: { completedIndexes: '0-4' }, create: ['5', '6'] },
  ])('$name', ({ pods = {}, status = {}, spec = {}, create }) => {
    expect(indexes(plan(job({ ...object.spec, ...spec }, { status }), indexed(pods)))).toEqual(create);
  });

  it('knows its index in every way', () => {
    const container = { name: 'c', image: 'i', env: [{ name: 'A', value: 'b' }] };
    const [pod] = plan(job({ ...object.spec, template: { spec: { containers: [container], initContainers: [container] } } }), []).create;
    expect(pod).toMatchObject({
      metadata: {
        generateName: 'work-0-',
        labels: { 'batch.kubernetes.io/job-completion-index': '0' },
        annotations: { 'batch.kubernetes.io/job-completion-index': '0' },
        finalizers: ['batch.kubernetes.io/job-tracking'],
      },
      spec: { hostname: 'work-0' },
    });
    const variable = { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } } };
    expect(pod?.spec?.containers[0]?.env).toEqual([{ name: 'A', value: 'b' }, variable]);
    expect(pod?.spec?.initContainers?.[0]?.env).toHaveLength(2);
  });

  it('a long name is cut before the index', () => {
    const [pod] = plan(job(object.spec, { metadata: { name: 'n'.repeat(60) } }), []).create;
    expect(pod?.metadata?.generateName).toBe(`${'n'.repeat(55)}-0-`);
  });

  it('removes Pods of one index, without index, and beyond the completions', () => {
    const pods = [jobPod('a', { index: 0 }), jobPod('b', { index: 0, ready: true }), jobPod('c', { index: 5 }), jobPod('d'), jobPod('e', { index: 1 })];
    expect(
      plan(object, pods)
        .remove.map((pod) => pod.metadata.name)
        .sort(),
    ).toEqual(['a', 'c', 'd']);
  });

  it('forgets indexes that shrinking took away', () => {
    const shrunk = job({ ...object.spec, completions: 2, parallelism: 2 }, { status: { completedIndexes: '0,3-4', succeeded: 3 } });
    const planned = plan(shrunk, indexed({ 1: {}, 4: { phase: 'Succeeded' } }));
    expect(carriedOut(shrunk, planned).last).toMatchObject({ completedIndexes: '0', succeeded: 1, active: 1 });
  });
});

describe('limits per index', () => {
  const perIndex = (more: Partial<JobSpec> = {}): Partial<JobSpec> => ({
    completionMode: 'Indexed',
    completions: 3,
    parallelism: 3,
    backoffLimit: 2 ** 31 - 1,
    backoffLimitPerIndex: 1,
    ...more,
  });
  const failures = (count: number, ignored = 0): Readonly<Record<string, string>> => ({
    'batch.kubernetes.io/job-index-failure-count': String(count),
    'batch.kubernetes.io/job-index-ignored-failure-count': String(ignored),
  });

  it('the replacement knows how often its index failed, and the failed Pod waits for it', () => {
    const object = job(perIndex());
    const planned = plan(object, indexed({ 0: { phase: 'Failed', annotations: failures(0) }, 1: {}, 2: {} }));
    expect(planned.create[0]?.metadata?.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '1' });
    expect(carriedOut(object, planned).first.release).toEqual([]);
    const replaced = [...indexed({ 0: { annotations: failures(1) }, 1: {}, 2: {} }), jobPod('old', { index: 0, phase: 'Failed', annotations: failures(0) })];
    const { first, last } = carriedOut(object, plan(object, replaced));
    expect(first.release.map((pod) => pod.metadata.name)).toEqual(['old']);
    expect(last).toMatchObject({ failed: 1, failedIndexes: '' });
  });

  it('an index that failed too often is not tried again, and the others go on', () => {
    const object = job(perIndex());
    const planned = plan(object, indexed({ 0: { phase: 'Failed', annotations: failures(1) }, 1: {} }));
    expect(indexes(planned)).toEqual(['2']);
    expect(carriedOut(object, planned).last).toMatchObject({ failedIndexes: '0', failed: 1, active: 2 });
  });

  it.each<{ name: string; spec?: Partial<JobSpec>; pods: Readonly<Record<number, JobPodFacts>>; reason: string | undefined }>([
    {
      name: 'all ended, one failed',
      pods: { 0: { phase: 'Failed', annotations: failures(1) }, 1: { phase: 'Succeeded' }, 2: { phase: 'Succeeded' } },
      reason: 'FailedIndexes',
    },
    { name: 'one failed, others run', pods: { 0: { phase: 'Failed', annotations: failures(1) }, 1: {}, 2: {} }, reason: undefined },
    {
      name: 'more failed than may',
      spec: { maxFailedIndexes: 1 },
      pods: { 0: { phase: 'Failed', annotations: failures(1) }, 1: { phase: 'Failed', annotations: failures(1) }, 2: {} },
      reason: 'MaxFailedIndexesExceeded',
    },
    {
      name: 'as many failed as may',
      spec: { maxFailedIndexes: 1 },
      pods: { 0: { phase: 'Failed', annotations: failures(1) }, 1: {}, 2: {} },
      reason: undefined,
    },
    {
      name: 'a policy fails the index at once',
      spec: { maxFailedIndexes: 0, podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }] } },
      pods: { 0: { phase: 'Failed', exitCode: 42, annotations: failures(0) } },
      reason: 'MaxFailedIndexesExceeded',
    },
    {
      name: 'what a policy ignores does not count',
      spec: { maxFailedIndexes: 0, podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }] } },
      pods: { 0: { phase: 'Failed', exitCode: 42, annotations: failures(1) } },
      reason: undefined,
    },
  ])('$name: $reason', ({ spec, pods, reason }) => {
    expect(plan(job(perIndex(spec)), indexed(pods)).outcome?.reason).toBe(reason);
  });

  it('each index waits for itself', () => {
    const nowMs = START_MS + 15_000;
    const pods = indexed({ 0: { phase: 'Failed', annotations: failures(0) }, 1: { phase: 'Failed', annotations: failures(1, 2), endedAt: 10 } });
    const planned = plan(job(perIndex({ backoffLimitPerIndex: 5 })), pods, { nowMs });
    expect([indexes(planned), planned.backoffMs]).toEqual([['0', '2'], 75_000]);
  });
});

describe('back-off', () => {
  const failed = (...ends: number[]): readonly Pod[] => ends.map((endedAt) => jobPod(`f${endedAt}`, { phase: 'Failed', endedAt }));
  it.each([
    { name: 'first failure: 10 s', pods: failed(0), atSeconds: 4, waitMs: 6_000 },
    { name: 'second: 20 s', pods: failed(0, 1), atSeconds: 11, waitMs: 10_000 },
    { name: 'over', pods: failed(0), atSeconds: 10, waitMs: undefined },
    { name: 'earlier ones count', pods: failed(0), before: { failures: 3, lastFailureMs: START_MS }, atSeconds: 0, waitMs: 80_000 },
    { name: 'at most 10 min', pods: failed(0), before: { failures: 30, lastFailureMs: START_MS }, atSeconds: 0, waitMs: 600_000 },
    { name: 'a later success forgives', pods: [...failed(0, 1), jobPod('s', { phase: 'Succeeded', endedAt: 2 })], atSeconds: 3, waitMs: undefined },
    { name: 'an earlier success does not', pods: [...failed(0, 3), jobPod('s', { phase: 'Succeeded', endedAt: 2 })], atSeconds: 3, waitMs: 10_000 },
  ])('$name', ({ pods, before, atSeconds, waitMs }) => {
    const planned = plan(job({ backoffLimit: 100 }), pods, { nowMs: START_MS + atSeconds * 1000, ...(before === undefined ? {} : { backoff: before }) });
    expect([planned.backoffMs, planned.create.length]).toEqual([waitMs, waitMs === undefined ? 2 : 0]);
  });
});

describe('how a Job ends', () => {
  const onExit = (action: 'FailJob' | 'Ignore' | 'Count', values: number[], more: object = {}): Partial<JobSpec> => ({
    podFailurePolicy: { rules: [{ action, onExitCodes: { operator: 'In', values, ...more } }] },
  });
  it.each<{ name: string; spec?: Partial<JobSpec>; status?: JobStatus; pods: readonly Pod[]; conditions: string[]; more?: JobStatus; events?: string[] }>([
    {
      name: 'with all completions',
      spec: { completions: 2 },
      pods: many(2, { phase: 'Succeeded' }),
      conditions: ['SuccessCriteriaMet=True/CompletionsReached', 'Complete=True/CompletionsReached'],
      more: { succeeded: 2, completionTime: at(3600) },
      events: ['Completed'],
    },
    {
      name: 'as a work queue, when one succeeded and the others ended',
      spec: { completions: undefined as never },
      pods: [...many(1, { phase: 'Succeeded' }), ...many(1, { phase: 'Failed' })],
      conditions: ['SuccessCriteriaMet=True/CompletionsReached', 'Complete=True/CompletionsReached'],
      more: { succeeded: 1, failed: 1 },
      events: ['Completed'],
    },
    { name: 'not while Pods run', spec: { completions: undefined as never }, pods: [...many(1, { phase: 'Succeeded' }), ...many(1, {})], conditions: [] },
    {
      name: 'with none to complete',
      spec: { completions: 0 },
      pods: [],
      conditions: ['SuccessCriteriaMet=True/CompletionsReached', 'Complete=True/CompletionsReached'],
      events: ['Completed'],
    },
    {
      name: 'with more than all completions',
      spec: { completions: 1 },
      pods: many(2, { phase: 'Succeeded' }),
      conditions: ['SuccessCriteriaMet=True/CompletionsReached', 'Complete=True/CompletionsReached'],
      events: ['TooManySucceededPods', 'Completed'],
    },
    {
      name: 'with too many failures, when the rest has gone',
      spec: { backoffLimit: 1 },
      pods: many(2, { phase: 'Failed' }),
      conditions: ['FailureTarget=True/BackoffLimitExceeded', 'Failed=True/BackoffLimitExceeded'],
      more: { failed: 2 },
      events: ['BackoffLimitExceeded'],
    },
    {
      name: 'with too many failures, but not before the rest has gone',
      spec: { backoffLimit: 0 },
      pods: [...many(1, { phase: 'Failed' }), ...many(1, {})],
      conditions: ['FailureTarget=True/BackoffLimitExceeded'],
      more: { failed: 2, terminating: 1 },
    },
    {
      name: 'with too many restarts in place',
      spec: { backoffLimit: 3, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } },
      pods: [jobPod('p', { status: { containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: 3 }] } })],
      conditions: ['FailureTarget=True/BackoffLimitExceeded'],
    },
    {
      name: 'after its deadline',
      spec: { activeDeadlineSeconds: 3600 },
      pods: [],
      conditions: ['FailureTarget=True/DeadlineExceeded', 'Failed=True/DeadlineExceeded'],
      events: ['DeadlineExceeded'],
    },
    { name: 'not before its deadline', spec: { activeDeadlineSeconds: 3601 }, pods: many(2, {}), conditions: [] },
    {
      name: 'not after its deadline while it is suspended',
      spec: { activeDeadlineSeconds: 10, suspend: true },
      pods: [],
      conditions: ['Suspended=True/JobSuspended'],
      events: ['Suspended'],
    },
    {
      name: 'by a policy',
      spec: onExit('FailJob', [1]),
      pods: many(1, { phase: 'Failed' }),
      conditions: ['FailureTarget=True/PodFailurePolicy', 'Failed=True/PodFailurePolicy'],
      events: ['PodFailurePolicy'],
    },
    { name: 'not by what a policy ignores', spec: { ...onExit('Ignore', [1]), backoffLimit: 0 }, pods: many(1, { phase: 'Failed' }), conditions: [] },
    {
      name: 'by what a policy counts',
      spec: { ...onExit('Count', [1]), backoffLimit: 0 },
      pods: many(1, { phase: 'Failed' }),
      conditions: ['FailureTarget=True/BackoffLimitExceeded', 'Failed=True/BackoffLimitExceeded'],
      events: ['BackoffLimitExceeded'],
    },
    {
      name: 'by its success policy, though others run',
      spec: { completionMode: 'Indexed', successPolicy: { rules: [{ succeededIndexes: '3', succeededCount: 1 }, { succeededIndexes: '0' }] } },
      pods: indexed({ 0: { phase: 'Succeeded' }, 1: {} }),
      conditions: ['SuccessCriteriaMet=True/SuccessPolicy'],
      more: { succeeded: 1, terminating: 1, completedIndexes: '0' },
    },
    {
      name: 'as was declared, whatever happened since',
      status: { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'DeadlineExceeded', message: 'm' }] },
      pods: [],
      conditions: ['FailureTarget=True/DeadlineExceeded', 'Failed=True/DeadlineExceeded'],
      events: ['DeadlineExceeded'],
    },
  ])('$name', ({ spec, status, pods, conditions: expected, more = {}, events = [] }) => {
    const object = job(spec, status === undefined ? {} : { status });
    const planned = plan(object, pods);
    const result = carriedOut(object, planned, planned.outcome === undefined ? 0 : planned.remove.length);
    expect(conditions(result.last)).toEqual(expected);
    expect(result.last).toMatchObject(more);
    expect(result.events).toEqual(events);
  });

  it('a message tells which rule failed the Job', () => {
    const rules = [
      { action: 'Ignore' as const, onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob' as const, onExitCodes: { containerName: 'c', operator: 'NotIn' as const, values: [0, 1] } },
    ];
    expect(plan(job({ podFailurePolicy: { rules } }), [jobPod('p', { phase: 'Failed', exitCode: 3 })]).outcome?.message).toBe(
      'Container c for pod default/p failed with exit code 3 matching FailJob rule at index 1',
    );
    const disrupted = jobPod('p', { phase: 'Failed', exitCode: 3, status: { conditions: [{ type: 'DisruptionTarget', status: 'True' }] } });
    expect(plan(job({ podFailurePolicy: { rules } }), [disrupted]).outcome).toBeUndefined();
    const byCondition = [{ action: 'FailJob' as const, onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }];
    expect(plan(job({ podFailurePolicy: { rules: byCondition } }), [disrupted]).outcome?.message).toBe(
      'Pod default/p has condition DisruptionTarget matching FailJob rule at index 0',
    );
  });
});

describe('suspension', () => {
  it('takes the start time, and resumption gives another', () => {
    const suspended = job({ suspend: true });
    const { last } = carriedOut(suspended, plan(suspended, many(2, { ready: true })), 2);
    expect(last).toMatchObject({
      ready: 0,
      terminating: 2,
      conditions: [{ type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }],
    });
    expect([last.startTime, last.active, last.failed]).toEqual([undefined, undefined, undefined]);
    const resumed = { ...suspended, spec: { ...suspended.spec, suspend: false }, status: last };
    const { last: after, events } = carriedOut(resumed, plan(resumed, []));
    expect(after).toMatchObject({
      startTime: at(3600),
      active: 2,
      conditions: [{ type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }],
    });
    expect(events).toEqual(['Resumed']);
  });
});

it('notes 500 ended Pods at a time, and does not end before all are counted', () => {
  const object = job({ completions: 501, parallelism: 501 });
  const { first, last } = carriedOut(object, plan(object, many(501, { phase: 'Succeeded' })));
  expect(first.release).toHaveLength(500);
  expect(conditions(last)).toEqual(['SuccessCriteriaMet=True/CompletionsReached']);
});
