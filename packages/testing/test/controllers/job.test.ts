import { Event, Job, Pod, type JobSpec } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
import { describe, expect, it } from 'vitest';
import { createCrashingCluster } from './crashing.ts';

const spec = (image: string, more: Partial<JobSpec> = {}): JobSpec => ({
  template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image }] } },
  ...more,
});
/** Containers of `ok` succeed after 3 s, those of `bad` fail, those of `flaky` fail in index 0's Pods only. */
function script(cluster: TestCluster): void {
  for (const name of ['node-1', 'node-2']) {
    const { behaviors } = cluster.node(name).runtime;
    behaviors.add({ image: 'ok', exit: { code: 0, afterMs: 3_000 } });
    behaviors.add({ image: 'bad', exit: { code: 1, afterMs: 1_000 } });
    behaviors.add({ image: 'flaky', exit: { code: 0, afterMs: 3_000 } });
    behaviors.add({ image: 'flaky', pod: '*-0-*', exit: { code: 1, afterMs: 1_000 } });
  }
}
const start = async (): Promise<TestCluster> => {
  const cluster = await createTestCluster({ seed: 1, nodes: 2 });
  script(cluster);
  return cluster;
};
const conditions = (job: Job): string[] => (job.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`);
/** The most Pods that a Job had at a time which had neither ended nor been told to go. */
function mostActive(cluster: TestCluster): number {
  const active = new Set<string>();
  let most = 0;
  for (const { type, object } of cluster.log) {
    if (object.kind !== 'Pod') continue;
    const { metadata, status } = object as Pod;
    const isActive = type !== 'delete' && metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
    if (isActive) active.add(metadata.uid ?? '');
    else active.delete(metadata.uid ?? '');
    most = Math.max(most, active.size);
  }
  return most;
}

describe('Jobs', () => {
  it('run to completion, a few Pods at a time, each counted once; then nothing is written any more', async () => {
    await using cluster = await start();
    await cluster.client.create(Job, { metadata: { name: 'work', namespace: 'default' }, spec: spec('ok', { completions: 5, parallelism: 2 }) });
    await cluster.advance('2m');
    const job = await cluster.client.get(Job, 'default/work');
    expect(conditions(job)).toEqual(['SuccessCriteriaMet=True/CompletionsReached', 'Complete=True/CompletionsReached']);
    expect(job.status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    const pods = (await cluster.client.list(Pod)).items;
    expect(pods.map((pod) => [pod.status?.phase, pod.metadata.finalizers])).toEqual(Array(5).fill(['Succeeded', undefined]));
    expect(mostActive(cluster)).toBe(2);
    const events = (await cluster.client.list(Event)).items.filter(({ involvedObject }) => involvedObject.kind === 'Job').map(({ reason }) => reason);
    expect(events.filter((reason) => reason === 'SuccessfulCreate')).toHaveLength(5);
    expect(events).toContain('Completed');
    const writes = cluster.log.length;
    await cluster.advance('10m');
    expect(cluster.log.slice(writes).filter(({ object }) => object.kind !== 'Lease' && object.kind !== 'Node')).toEqual([]);
    expect(cluster.errors).toEqual([]);
  });

  it('fail after their failures, which wait ever longer for each other', async () => {
    await using cluster = await start();
    await cluster.client.create(Job, { metadata: { name: 'work', namespace: 'default' }, spec: spec('bad', { backoffLimit: 3 }) });
    await cluster.advance('5m');
    const job = await cluster.client.get(Job, 'default/work');
    expect(conditions(job)).toEqual(['FailureTarget=True/BackoffLimitExceeded', 'Failed=True/BackoffLimitExceeded']);
    expect(job.status).toMatchObject({ failed: 4 });
    const created = (await cluster.client.list(Pod)).items.map((pod) => Date.parse(pod.metadata.creationTimestamp ?? '')).sort((a, b) => a - b);
    const gaps = created.slice(1).map((ms, i) => (ms - (created[i] ?? 0)) / 1000);
    expect(gaps.map((seconds, i) => seconds >= 10 * 2 ** i && seconds < 10 * 2 ** i + 10)).toEqual([true, true, true]);
  });

  it('with indexes complete what they can, and tell which failed', async () => {
    await using cluster = await start();
    const indexed: Partial<JobSpec> = { completionMode: 'Indexed', completions: 4, parallelism: 4, backoffLimitPerIndex: 1 };
    await cluster.client.create(Job, { metadata: { name: 'work', namespace: 'default' }, spec: spec('flaky', indexed) });
    await cluster.advance('3m');
    const job = await cluster.client.get(Job, 'default/work');
    expect(job.status).toMatchObject({ completedIndexes: '1-3', failedIndexes: '0', succeeded: 3, failed: 2 });
    expect(conditions(job)).toEqual(['FailureTarget=True/FailedIndexes', 'Failed=True/FailedIndexes']);
  });

  it('stop while they are suspended, and go on when they are resumed', async () => {
    await using cluster = await start();
    const { client } = cluster;
    await client.create(Job, { metadata: { name: 'work', namespace: 'default' }, spec: spec('ok', { completions: 4, parallelism: 2 }) });
    await cluster.advance('2s');
    await client.patch(Job, 'default/work', { type: 'merge', patch: { spec: { suspend: true } } });
    await cluster.advance('1m');
    const suspended = await client.get(Job, 'default/work');
    expect(conditions(suspended)).toEqual(['Suspended=True/JobSuspended']);
    expect([suspended.status?.active, suspended.status?.startTime, (await client.list(Pod)).items.length]).toEqual([undefined, undefined, 0]);
    await client.patch(Job, 'default/work', { type: 'merge', patch: { spec: { suspend: false } } });
    await cluster.advance('2m');
    const job = await client.get(Job, 'default/work');
    expect(job.status).toMatchObject({ succeeded: 4 });
    expect(conditions(job)[0]).toBe('Suspended=False/JobResumed');
  });

  it('are stopped by their deadline, and go with their Pods when their time to live is over', async () => {
    await using cluster = await start();
    const { client } = cluster;
    await client.create(Job, {
      metadata: { name: 'work', namespace: 'default' },
      spec: spec('sleeps', { activeDeadlineSeconds: 30, ttlSecondsAfterFinished: 300 }),
    });
    await cluster.advance('3m');
    expect(conditions(await client.get(Job, 'default/work'))).toEqual(['FailureTarget=True/DeadlineExceeded', 'Failed=True/DeadlineExceeded']);
    await cluster.advance('5m');
    expect([(await client.list(Job)).items, (await client.list(Pod)).items]).toEqual([[], []]);
  });

  it.each(['Background', 'Foreground', 'Orphan'] as const)('that are deleted (%s) hold no Pod', async (propagationPolicy) => {
    await using cluster = await start();
    const { client } = cluster;
    await client.create(Job, { metadata: { name: 'work', namespace: 'default' }, spec: spec('sleeps', { completions: 2, parallelism: 2 }) });
    await cluster.advance('10s');
    await client.delete(Job, 'default/work', { propagationPolicy });
    await cluster.advance('2m');
    const pods = (await client.list(Pod)).items;
    expect((await client.list(Job)).items).toEqual([]);
    expect(pods.map(({ metadata }) => [metadata.finalizers, metadata.ownerReferences])).toEqual(
      propagationPolicy === 'Orphan' ? Array(2).fill([undefined, undefined]) : [],
    );
  });

  it.each([1, 2, 3, 5, 8])('come to the same end when the controllers crash after every %i writes', async (everyWrites) => {
    const run = async (crashEvery: number): Promise<unknown> => {
      await using crashing = await createCrashingCluster({ everyWrites: crashEvery });
      const { cluster } = crashing;
      script(cluster);
      await cluster.client.create(Job, { metadata: { name: 'work', namespace: 'default' }, spec: spec('ok', { completions: 4, parallelism: 2 }) });
      await cluster.client.create(Job, { metadata: { name: 'fails', namespace: 'default' }, spec: spec('bad', { backoffLimit: 1 }) });
      const indexed: Partial<JobSpec> = { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 1 };
      await cluster.client.create(Job, { metadata: { name: 'indexed', namespace: 'default' }, spec: spec('flaky', indexed) });
      await cluster.advance('10m');
      if (crashEvery > 0) expect(crashing.crashes).toBeGreaterThan(5);
      const jobs = (await cluster.client.list(Job)).items;
      const phases = (await cluster.client.list(Pod)).items.map(({ metadata, status }) => `${metadata.ownerReferences?.[0]?.name} ${status?.phase}`).sort();
      return [jobs.map(({ status }) => ({ ...status, conditions: undefined, startTime: undefined, completionTime: undefined })), jobs.map(conditions), phases];
    };
    expect(await run(everyWrites)).toEqual(await run(0));
  });
});
