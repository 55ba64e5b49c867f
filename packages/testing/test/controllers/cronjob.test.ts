import { CronJob, Event, Job, Pod, type CronJobSpec } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
import { describe, expect, it } from 'vitest';
import { createCrashingCluster } from './crashing.ts';

const spec = (image: string, more: Partial<CronJobSpec> = {}): CronJobSpec => ({
  schedule: '*/10 * * * *',
  jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image }] } } } },
  ...more,
});
function script(cluster: TestCluster): void {
  const { behaviors } = cluster.node('node-1').runtime;
  behaviors.add({ image: 'quick', exit: { code: 0, afterMs: 10_000 } });
  behaviors.add({ image: 'slow', exit: { code: 0, afterMs: 900_000 } });
}
const start = async (): Promise<TestCluster> => {
  const cluster = await createTestCluster({ seed: 1, nodes: 1 });
  script(cluster);
  return cluster;
};
const create = (cluster: TestCluster, cronSpec: CronJobSpec): Promise<CronJob> =>
  cluster.client.create(CronJob, { metadata: { name: 'report', namespace: 'default' }, spec: cronSpec });
/** All Jobs that there ever were, with the times that they are for. */
const times = (cluster: TestCluster): string[] => {
  const jobs = new Map(cluster.log.filter(({ object }) => object.kind === 'Job').map(({ object }) => [object.metadata.uid, object]));
  return [...jobs.values()].map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']?.slice(8, 16) ?? '');
};

describe('CronJobs', () => {
  it('run at every time, keep a history of three, and write nothing in between', async () => {
    await using cluster = await start();
    await create(cluster, spec('quick'));
    await cluster.advance('2h');
    await cluster.advance('2m');
    expect(times(cluster)).toHaveLength(12);
    const [cronJob] = (await cluster.client.list(CronJob)).items;
    expect(cronJob?.status).toMatchObject({ lastScheduleTime: '2026-01-01T02:00:00Z' });
    expect([cronJob?.status?.active, cronJob?.status?.lastSuccessfulTime?.slice(0, 16)]).toEqual([undefined, '2026-01-01T02:00']);
    expect([(await cluster.client.list(Job)).items.length, (await cluster.client.list(Pod)).items.length]).toEqual([3, 3]);
    const writes = cluster.log.length;
    await cluster.advance('7m');
    expect(cluster.log.slice(writes).filter(({ object }) => !['Lease', 'Node', 'Event'].includes(object.kind))).toEqual([]);
    expect(cluster.errors).toEqual([]);
  });

  it.each([
    { concurrencyPolicy: 'Allow' as const, started: ['01T00:10', '01T00:20', '01T00:30'], active: 2, reason: 'SuccessfulCreate' },
    { concurrencyPolicy: 'Forbid' as const, started: ['01T00:10', '01T00:20'], active: 1, reason: 'JobAlreadyActive' },
    { concurrencyPolicy: 'Replace' as const, started: ['01T00:10', '01T00:20', '01T00:30'], active: 1, reason: 'SuccessfulDelete' },
  ])('that take longer than the time between: $concurrencyPolicy', async ({ concurrencyPolicy, started, active, reason }) => {
    await using cluster = await start();
    await create(cluster, spec('slow', { concurrencyPolicy }));
    await cluster.advance('32m');
    expect(times(cluster)).toEqual(started);
    const [cronJob] = (await cluster.client.list(CronJob)).items;
    expect(cronJob?.status?.active).toHaveLength(active);
    const events = (await cluster.client.list(Event)).items.filter(({ involvedObject }) => involvedObject.kind === 'CronJob');
    expect(events.map((event) => event.reason)).toContain(reason);
  });

  it('rest while they are suspended', async () => {
    await using cluster = await start();
    await create(cluster, spec('quick', { suspend: true }));
    await cluster.advance('52m');
    expect(times(cluster)).toEqual([]);
    await cluster.client.patch(CronJob, 'default/report', { type: 'merge', patch: { spec: { suspend: false } } });
    await cluster.advance('9m');
    expect(times(cluster)).toEqual(['01T00:50', '01T01:00']);
  });

  it.each([1, 2, 3, 5])('come to the same end when the controllers crash after every %i writes', async (everyWrites) => {
    const run = async (crashEvery: number): Promise<unknown> => {
      await using crashing = await createCrashingCluster({ nodes: 1, everyWrites: crashEvery });
      const { cluster } = crashing;
      script(cluster);
      await create(cluster, spec('quick', { schedule: '*/5 * * * *' }));
      await cluster.advance('17m');
      const [cronJob] = (await cluster.client.list(CronJob)).items;
      const jobs = (await cluster.client.list(Job)).items.map(({ metadata, status }) => [metadata.name, status?.succeeded]);
      return [times(cluster), cronJob?.status?.active, cronJob?.status?.lastScheduleTime, jobs];
    };
    expect(await run(everyWrites)).toEqual(await run(0));
  });
});
