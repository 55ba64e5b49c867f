import { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet, StorageClass, type StatefulSetSpec } from '@kybern/core/kinds';
import { createTestCluster, type TestCluster } from '@kybern/testing';
import { describe, expect, it } from 'vitest';

const labels = { app: 'db' };
const spec: StatefulSetSpec = {
  replicas: 3,
  serviceName: 'db',
  selector: { matchLabels: labels },
  template: { metadata: { labels }, spec: { containers: [{ name: 'db', image: 'postgres:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } },
  volumeClaimTemplates: [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ],
};
const create = ({ client }: TestCluster): Promise<StatefulSet> => client.create(StatefulSet, { metadata: { name: 'db', namespace: 'default' }, spec });
const available = async ({ client }: TestCluster): Promise<number | undefined> => (await client.get(StatefulSet, 'default/db')).status?.availableReplicas;
/** Which claim has which volume. */
const volumes = async ({ client }: TestCluster): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await client.list(PersistentVolumeClaim)).items.map((claim) => [claim.metadata.name, claim.spec.volumeName]));

describe('claims in a test cluster', { timeout: 120_000 }, () => {
  it('are bound to simulated volumes, so that a StatefulSet with claims becomes available', async () => {
    await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
    await create(cluster);
    await cluster.advance('1m');
    expect(await available(cluster)).toBe(3);
    const names = Object.values(await volumes(cluster));
    expect(names.length).toBe(3);
    expect(new Set(names).size).toBe(3);
    expect(names).not.toContain(undefined);
    expect(cluster.errors).toEqual([]);
  });

  it('follow their Pods through deletion, and through fewer and more replicas', async () => {
    await using cluster = await createTestCluster({ seed: 2, nodes: 3 });
    await create(cluster);
    await cluster.advance('1m');
    const before = await volumes(cluster);
    await cluster.client.delete(Pod, 'default/db-1');
    await cluster.advance('2m');
    await cluster.client.patch(StatefulSet, 'default/db', { type: 'merge', patch: { spec: { replicas: 1 } } });
    await cluster.advance('2m');
    expect(await available(cluster)).toBe(1);
    await cluster.client.patch(StatefulSet, 'default/db', { type: 'merge', patch: { spec: { replicas: 3 } } });
    await cluster.advance('2m');
    expect(await available(cluster)).toBe(3);
    expect(await volumes(cluster)).toEqual(before);
    expect(cluster.errors).toEqual([]);
  });

  it('cost a cluster nothing that has none', async () => {
    await using cluster = await createTestCluster({ seed: 3, nodes: 1 });
    expect((await cluster.client.list(StorageClass)).items).toEqual([]);
    const kinds = new Set(cluster.log.map(({ object }) => object.kind));
    expect([...kinds].filter((kind) => kind.startsWith('PersistentVolume') || kind === 'StorageClass')).toEqual([]);
  });

  it('are kept while a Pod uses them, and take their volumes along when they go', async () => {
    await using cluster = await createTestCluster({ seed: 4, nodes: 1 });
    await create(cluster);
    await cluster.advance('1m');
    await cluster.client.delete(PersistentVolumeClaim, 'default/data-db-2');
    await cluster.advance('1m');
    expect(Object.keys(await volumes(cluster))).toContain('data-db-2');
    await cluster.client.patch(StatefulSet, 'default/db', { type: 'merge', patch: { spec: { replicas: 2 } } });
    await cluster.advance('2m');
    expect(Object.keys(await volumes(cluster))).toEqual(['data-db-0', 'data-db-1']);
    expect((await cluster.client.list(PersistentVolume)).items.length).toBe(2);
  });

  const using = (name: string, claim: string) => ({
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'm', image: 'i:1' }], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: claim } }] },
  });
  const claimOf = (storageClassName: string) => ({
    metadata: { name: 'c', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } }, storageClassName },
  });

  it('that wait for their first consumer are provisioned where the scheduler puts it', async () => {
    await using cluster = await createTestCluster({ seed: 5, nodes: 2 });
    const { client } = cluster;
    await client.create(StorageClass, { metadata: { name: 'late' }, provisioner: 'kybern.io/simulated', volumeBindingMode: 'WaitForFirstConsumer' });
    await client.create(PersistentVolumeClaim, claimOf('late'));
    await cluster.advance('1m');
    expect(Object.values(await volumes(cluster))).toEqual([undefined]);
    await client.create(Pod, using('p', 'c'));
    await cluster.advance('1m');
    const { spec: podSpec, status } = await client.get(Pod, 'default/p');
    expect(status?.phase).toBe('Running');
    const claim = await client.get(PersistentVolumeClaim, 'default/c');
    expect(claim.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe(podSpec.nodeName);
    expect(claim.status?.phase).toBe('Bound');
    expect(cluster.errors).toEqual([]);
  });

  it('that wait for their first consumer take it to the node of the volume that there is', async () => {
    await using cluster = await createTestCluster({ seed: 6, nodes: 3 });
    const { client } = cluster;
    await client.create(StorageClass, { metadata: { name: 'local' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' });
    const here = { key: 'kubernetes.io/hostname', operator: 'In' as const, values: ['node-2'] };
    await client.create(PersistentVolume, {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        local: { path: '/mnt/disk' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [here] }] } },
      },
    });
    await client.create(PersistentVolumeClaim, claimOf('local'));
    await client.create(Pod, using('p', 'c'));
    await cluster.advance('1m');
    expect((await client.get(Pod, 'default/p')).spec.nodeName).toBe('node-2');
    expect(await volumes(cluster)).toEqual({ c: 'v' });
    expect((await client.get(PersistentVolume, 'v')).status?.phase).toBe('Bound');
    expect(cluster.errors).toEqual([]);
  });

  it('find their volumes also when the controllers crash again and again', async () => {
    await using cluster = await createTestCluster({ seed: 7, nodes: 2 });
    await create(cluster);
    for (let i = 0; i < 5; i++) {
      await cluster.advance('150ms');
      const controllers = cluster.process('kube-controller-manager');
      controllers.crash();
      controllers.restart();
    }
    await cluster.advance('3m');
    expect(await available(cluster)).toBe(3);
    const names = Object.values(await volumes(cluster));
    expect(new Set(names).size).toBe(3);
    expect((await cluster.client.list(PersistentVolume)).items.length).toBe(3);
  });
});
