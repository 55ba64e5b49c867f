import { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet, type StatefulSetSpec } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
import { describe, expect, it } from 'vitest';
import { createCrashingCluster } from './crashing.ts';

const labels = { app: 'db' };
const spec = (more: Partial<StatefulSetSpec> = {}, image = 'postgres:1'): StatefulSetSpec => ({
  replicas: 3,
  serviceName: 'db',
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [{ name: 'db', image }] } },
  ...more,
});
const create = (cluster: TestCluster, setSpec: StatefulSetSpec): Promise<StatefulSet> =>
  cluster.client.create(StatefulSet, { metadata: { name: 'db', namespace: 'default' }, spec: setSpec });
const patch = (cluster: TestCluster, setSpec: Partial<StatefulSetSpec>): Promise<StatefulSet> =>
  cluster.client.patch(StatefulSet, 'default/db', { type: 'merge', patch: { spec: setSpec as never } });
const image = (name: string): Partial<StatefulSetSpec> => ({ template: { metadata: { labels }, spec: { containers: [{ name: 'db', image: name }] } } });
const names = async (cluster: TestCluster): Promise<string[]> => (await cluster.client.list(Pod)).items.map(({ metadata }) => metadata.name);
const images = async (cluster: TestCluster): Promise<string[]> =>
  (await cluster.client.list(Pod)).items.map(({ metadata, spec: podSpec }) => `${metadata.name} ${podSpec.containers[0]?.image}`);
const status = async (cluster: TestCluster): Promise<StatefulSet['status']> => (await cluster.client.get(StatefulSet, 'default/db')).status;
/** Creations and deletions of Pods, in order; and never two of one name, nor a successor while it is there. */
function history(cluster: TestCluster): string[] {
  const running = new Map<string, string>();
  const lines: string[] = [];
  for (const { type, object } of cluster.log) {
    if (object.kind !== 'Pod') continue;
    const { name = '', uid = '' } = object.metadata;
    if (type === 'delete') running.delete(name);
    else {
      expect(running.get(name) ?? uid).toBe(uid);
      if (!running.has(name)) lines.push(`+${name}`);
      running.set(name, uid);
    }
    if (type === 'delete') lines.push(`-${name}`);
  }
  return lines;
}

describe('StatefulSets', () => {
  it('come up in order, each with its name, host name and labels, and then rest', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
    await create(cluster, spec());
    await cluster.advance('1m');
    expect(history(cluster)).toEqual(['+db-0', '+db-1', '+db-2']);
    const [pod] = (await cluster.client.list(Pod)).items;
    const set = await status(cluster);
    expect(pod?.metadata.labels).toEqual({
      app: 'db',
      'apps.kubernetes.io/pod-index': '0',
      'statefulset.kubernetes.io/pod-name': 'db-0',
      'controller-revision-hash': set?.updateRevision,
    });
    expect([pod?.spec.hostname, pod?.spec.subdomain]).toEqual(['db-0', 'db']);
    expect(set).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: set?.updateRevision,
    });
    const writes = cluster.log.length;
    await cluster.advance('10m');
    expect(cluster.log.slice(writes).filter(({ object }) => !['Lease', 'Node'].includes(object.kind))).toEqual([]);
    expect(cluster.errors).toEqual([]);
  });

  it('wait for a Pod that does not become ready, in order; and do not in parallel', async () => {
    for (const podManagementPolicy of ['OrderedReady', 'Parallel'] as const) {
      await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
      cluster.node('node-1').runtime.behaviors.add({ pod: 'db-1', start: { error: 'no such file' } });
      await create(cluster, spec({ podManagementPolicy }));
      await cluster.advance('1m');
      expect(await names(cluster)).toEqual(podManagementPolicy === 'Parallel' ? ['db-0', 'db-1', 'db-2'] : ['db-0', 'db-1']);
    }
  });

  it('shrink from the end, one after the other, and begin where they are told', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
    await create(cluster, spec({ ordinals: { start: 5 } }));
    await cluster.advance('1m');
    await patch(cluster, { replicas: 1 });
    await cluster.advance('2m');
    expect(history(cluster)).toEqual(['+db-5', '+db-6', '+db-7', '-db-7', '-db-6']);
  });

  it('are updated from the end, one after the other, and rolled back to the revision that there was', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
    await create(cluster, spec());
    await cluster.advance('1m');
    const before = await status(cluster);
    await patch(cluster, image('postgres:2'));
    await cluster.advance('3m');
    expect(await images(cluster)).toEqual(['db-0 postgres:2', 'db-1 postgres:2', 'db-2 postgres:2']);
    expect(history(cluster).slice(3)).toEqual(['-db-2', '+db-2', '-db-1', '+db-1', '-db-0', '+db-0']);
    const after = await status(cluster);
    expect([after?.currentRevision === after?.updateRevision, after?.currentReplicas, after?.updateRevision === before?.updateRevision]).toEqual([
      true,
      3,
      false,
    ]);
    await patch(cluster, image('postgres:1'));
    await cluster.advance('3m');
    const revisions = (await cluster.client.list(ControllerRevision)).items;
    expect(revisions.map(({ metadata, revision }) => [metadata.name === before?.updateRevision, revision]).sort()).toEqual([
      [false, 2],
      [true, 3],
    ]);
    expect((await status(cluster))?.currentRevision).toBe(before?.updateRevision);
  });

  it('are updated from the partition on, or as their Pods are deleted, or several at a time', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
    await create(cluster, spec({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }));
    await cluster.advance('1m');
    await patch(cluster, image('postgres:2'));
    await cluster.advance('2m');
    await cluster.client.delete(Pod, 'default/db-0');
    await cluster.advance('1m');
    expect(await images(cluster)).toEqual(['db-0 postgres:1', 'db-1 postgres:1', 'db-2 postgres:2']);
    expect(await status(cluster)).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
    await patch(cluster, { updateStrategy: { type: 'OnDelete', rollingUpdate: null as never } });
    await cluster.client.delete(Pod, 'default/db-0');
    await cluster.advance('1m');
    expect(await images(cluster)).toEqual(['db-0 postgres:2', 'db-1 postgres:1', 'db-2 postgres:2']);
    await patch(cluster, { ...image('postgres:3'), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } });
    await cluster.advance('3m');
    expect(await images(cluster)).toEqual(['db-0 postgres:3', 'db-1 postgres:3', 'db-2 postgres:3']);
    const last = history(cluster).slice(-6);
    expect(last.indexOf('-db-1')).toBeLessThan(last.indexOf('+db-2'));
  });

  it('keep a claim for each Pod, or let it go, as the policy says', async () => {
    for (const policy of ['Retain', 'Delete'] as const) {
      await using cluster = await createTestCluster({ seed: 1, nodes: 2, scheduler: false });
      const claims = async (): Promise<string[]> => (await cluster.client.list(PersistentVolumeClaim)).items.map(({ metadata }) => metadata.name);
      await create(
        cluster,
        spec({
          podManagementPolicy: 'Parallel',
          persistentVolumeClaimRetentionPolicy: { whenDeleted: policy, whenScaled: policy },
          volumeClaimTemplates: [
            {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              metadata: { name: 'data' },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          ],
        }),
      );
      await cluster.advance('10s');
      expect(await claims()).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
      const [pod] = (await cluster.client.list(Pod)).items;
      expect(pod?.spec.volumes?.[0]).toEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } });
      await patch(cluster, { replicas: 1 });
      await cluster.advance('1m');
      expect(await claims()).toEqual(policy === 'Retain' ? ['data-db-0', 'data-db-1', 'data-db-2'] : ['data-db-0']);
      await patch(cluster, { replicas: 2 });
      await cluster.advance('1m');
      expect(await names(cluster)).toEqual(['db-0', 'db-1']);
      await cluster.client.delete(StatefulSet, 'default/db');
      await cluster.advance('1m');
      expect(await claims()).toEqual(policy === 'Retain' ? ['data-db-0', 'data-db-1', 'data-db-2'] : []);
    }
  });

  it('adopt a Pod of theirs that nobody manages, and no other', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 1 });
    for (const name of ['db-0', 'other-0'])
      await cluster.client.create(Pod, { metadata: { name, namespace: 'default', labels }, spec: { containers: [{ name: 'db', image: 'postgres:1' }] } });
    await create(cluster, spec({ replicas: 1 }));
    await cluster.advance('1m');
    const pods = (await cluster.client.list(Pod)).items;
    expect(pods.map(({ metadata }) => [metadata.name, metadata.ownerReferences?.[0]?.name])).toEqual([
      ['db-0', 'db'],
      ['other-0', undefined],
    ]);
  });

  it.each([1, 2, 3])('come to the same end when the controllers crash after every %i writes', async (everyWrites) => {
    const run = async (crashEvery: number): Promise<unknown> => {
      await using crashing = await createCrashingCluster({ nodes: 1, everyWrites: crashEvery });
      const { cluster } = crashing;
      await create(cluster, spec());
      await cluster.advance('30s');
      await patch(cluster, image('postgres:2'));
      await cluster.advance('3m');
      await patch(cluster, { replicas: 1 });
      await cluster.advance('1m');
      const revisions = (await cluster.client.list(ControllerRevision)).items.map(({ metadata, revision }) => [metadata.name, revision]);
      return [history(cluster), await images(cluster), revisions, await status(cluster)];
    };
    expect(await run(everyWrites)).toEqual(await run(0));
  });
});
