import { ControllerRevision, DaemonSet, Event, Node, Pod, type DaemonSetSpec } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
import { describe, expect, it } from 'vitest';
import { createCrashingCluster } from './crashing.ts';

const labels = { app: 'agent' };
const template = (image: string): DaemonSetSpec['template'] => ({ metadata: { labels }, spec: { containers: [{ name: 'agent', image }] } });
const create = (cluster: TestCluster, more: Partial<DaemonSetSpec> = {}): Promise<DaemonSet> =>
  cluster.client.create(DaemonSet, {
    metadata: { name: 'agent', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, template: template('agent:1'), ...more },
  });
const update = (cluster: TestCluster, image: string): Promise<DaemonSet> =>
  cluster.client.patch(DaemonSet, 'default/agent', { type: 'merge', patch: { spec: { template: template(image) as never } } });
const places = async (cluster: TestCluster): Promise<string[]> =>
  (await cluster.client.list(Pod)).items.map(({ spec }) => `${spec.nodeName} ${spec.containers[0]?.image}`).sort();
const status = async (cluster: TestCluster): Promise<DaemonSet['status']> => (await cluster.client.get(DaemonSet, 'default/agent')).status;
const taint = (cluster: TestCluster, node: string, taints: object[]): Promise<Node> =>
  cluster.client.patch(Node, node, { type: 'merge', patch: { spec: { taints: taints as never } } });

describe('DaemonSets', () => {
  it('have a Pod on each node, and then rest', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 3 });
    await create(cluster);
    await cluster.advance('1m');
    expect(await places(cluster)).toEqual(['node-1 agent:1', 'node-2 agent:1', 'node-3 agent:1']);
    expect(await status(cluster)).toEqual({
      currentNumberScheduled: 3,
      desiredNumberScheduled: 3,
      numberAvailable: 3,
      numberMisscheduled: 0,
      numberReady: 3,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
    });
    const writes = cluster.log.length;
    await cluster.advance('10m');
    expect(cluster.log.slice(writes).filter(({ object }) => !['Lease', 'Node'].includes(object.kind))).toEqual([]);
    expect(cluster.errors).toEqual([]);
  });

  it('follow nodes that come, go, and are tainted', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 3 });
    await taint(cluster, 'node-1', [{ key: 'k', effect: 'NoSchedule' }]);
    await create(cluster);
    await cluster.advance('1m');
    expect(await places(cluster)).toEqual(['node-2 agent:1', 'node-3 agent:1']);
    await taint(cluster, 'node-1', []);
    await taint(cluster, 'node-2', [{ key: 'k', effect: 'NoSchedule' }]);
    await taint(cluster, 'node-3', [{ key: 'k', effect: 'NoExecute' }]);
    await cluster.advance('2m');
    expect(await places(cluster)).toEqual(['node-1 agent:1', 'node-2 agent:1']);
    expect(await status(cluster)).toMatchObject({ desiredNumberScheduled: 1, numberMisscheduled: 1 });
    cluster.node('node-1').kill();
    await cluster.client.delete(Node, 'node-1');
    await cluster.advance('5m');
    expect(await places(cluster)).toEqual(['node-2 agent:1']);
  });

  it('are updated node by node', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 3 });
    await create(cluster);
    await cluster.advance('1m');
    const from = cluster.log.length;
    await update(cluster, 'agent:2');
    await cluster.advance('4m');
    expect(await places(cluster)).toEqual(['node-1 agent:2', 'node-2 agent:2', 'node-3 agent:2']);
    const available = cluster.log
      .slice(from)
      .flatMap(({ object }) => (object.kind === 'DaemonSet' ? [(object as DaemonSet).status?.numberAvailable ?? 0] : []));
    expect(Math.min(...available)).toBe(2);
    expect((await cluster.client.list(ControllerRevision)).items.map(({ revision }) => revision).sort()).toEqual([1, 2]);
  });

  it('are updated without a gap where they may surge, and not by themselves where their Pods have to be deleted', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 3 });
    await create(cluster, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await cluster.advance('1m');
    const from = cluster.log.length;
    await update(cluster, 'agent:2');
    await cluster.advance('4m');
    expect(await places(cluster)).toEqual(['node-1 agent:2', 'node-2 agent:2', 'node-3 agent:2']);
    const available = cluster.log
      .slice(from)
      .flatMap(({ object }) => (object.kind === 'DaemonSet' ? [(object as DaemonSet).status?.numberAvailable ?? 0] : []));
    expect(Math.min(...available)).toBe(3);
    await cluster.client.patch(DaemonSet, 'default/agent', { type: 'merge', patch: { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } } });
    await update(cluster, 'agent:3');
    await cluster.advance('1m');
    const [pod] = (await cluster.client.list(Pod)).items;
    await cluster.client.delete(Pod, pod as Pod);
    await cluster.advance('1m');
    expect((await places(cluster)).map((place) => place.slice(-1)).sort()).toEqual(['2', '2', '3']);
  });

  it('replace a failed Pod, ever more slowly', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
    await create(cluster);
    await cluster.advance('1m');
    for (let i = 0; i < 4; i++) {
      const [pod] = (await cluster.client.list(Pod)).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      await cluster.client.patch(Pod, pod as Pod, { type: 'merge', patch: { status: { phase: 'Failed' } } }, { subresource: 'status' });
      await cluster.advance('1s');
    }
    await cluster.advance('2m');
    expect(await places(cluster)).toEqual(['node-1 agent:1']);
    expect((await cluster.client.list(Event)).items.map(({ reason }) => reason)).toContain('FailedDaemonPod');
  });

  it.each([1, 2, 3])('come to the same end when the controllers crash after every %i writes', async (everyWrites) => {
    const run = async (crashEvery: number): Promise<unknown> => {
      await using crashing = await createCrashingCluster({ nodes: 3, everyWrites: crashEvery });
      const { cluster } = crashing;
      await create(cluster);
      await cluster.advance('30s');
      await update(cluster, 'agent:2');
      await cluster.advance('4m');
      const revisions = (await cluster.client.list(ControllerRevision)).items.map(({ metadata, revision }) => [metadata.name, revision]);
      return [await places(cluster), revisions, await status(cluster)];
    };
    expect(await run(everyWrites)).toEqual(await run(0));
  });
});
