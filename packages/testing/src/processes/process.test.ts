import { ApiError } from '@kybern/core';
import { ConfigMap, Deployment, Lease, Pod, Secret } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../test-cluster.ts';

const small = { controllers: 'none', scheduler: false, nodes: 0 } as const;
const map = (name: string): { metadata: { name: string; namespace: string } } => ({ metadata: { name, namespace: 'default' } });

/** Copies every ConfigMap to a Secret. */
const copier = (): ControllerDefinition =>
  defineController({
    name: 'copier',
    for: ConfigMap,
    async reconcile({ object, client, clock }) {
      const { name, namespace = 'default' } = object.metadata;
      await client
        .create(Secret, { metadata: { name, namespace, annotations: { at: String(clock.now()) } } })
        .catch((error: unknown) => (error instanceof ApiError && error.reason === 'AlreadyExists' ? undefined : Promise.reject(error as Error)));
      return done();
    },
  });
const secrets = async ({ client }: TestCluster): Promise<readonly (string | undefined)[]> =>
  (await client.list(Secret, { namespace: 'default' })).items.map(({ metadata }) => metadata.name);

describe('a process', () => {
  it('that crashes does nothing any more, and catches up when it starts again', async () => {
    await using cluster = await createTestCluster(small);
    const process = cluster.run(copier);
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    process.crash();
    expect(process.alive).toBe(false);
    await cluster.client.create(ConfigMap, map('b'));
    await cluster.advance('5m');
    expect(await secrets(cluster)).toEqual(['a']);
    process.restart();
    await cluster.settle();
    expect(await secrets(cluster)).toEqual(['a', 'b']);
    expect(cluster.errors).toEqual([]);
  });

  it('that is cut off works on when it is connected again', async () => {
    await using cluster = await createTestCluster(small);
    const process = cluster.run(copier);
    await cluster.settle();
    process.disconnect();
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.advance('1m');
    expect(await secrets(cluster)).toEqual([]);
    process.connect();
    await cluster.advance('2m');
    expect(await secrets(cluster)).toEqual(['a']);
  });

  it('may be slow, and have a clock that is wrong', async () => {
    await using cluster = await createTestCluster(small);
    const process = cluster.run(copier);
    await cluster.settle();
    process.slowDown(2_000);
    process.skewClock(-60_000);
    const before = cluster.clock.now();
    await cluster.client.create(ConfigMap, map('a'));
    await cluster.settle();
    expect(cluster.clock.now() - before).toBeGreaterThanOrEqual(2_000);
    const secret = await cluster.client.get(Secret, 'default/a');
    expect(Number(secret.metadata.annotations?.['at'])).toBe(before - 60_000);
  });

  it('is found by its name', async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    cluster.run(copier);
    expect(cluster.processes.map(({ name }) => name).sort()).toEqual(['copier', 'kube-controller-manager', 'node-1', 'scheduler']);
    expect(() => cluster.process('nobody')).toThrow(/there is no process "nobody"/);
    expect(() => cluster.run(copier)).toThrow(/there is a process "copier" already/);
  });

  it('of a node may crash while its containers go on; a node that is cut off is noticed, and told what it missed', async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    await cluster.client.create(Deployment, {
      ...map('web'),
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
      },
    });
    await cluster.settle();
    const node = cluster.node('node-1');
    const running = (): readonly string[] => node.runtime.containers().map(({ id }) => id);
    const before = running();
    node.process.crash();
    await cluster.advance('10s');
    node.process.restart();
    await cluster.settle();
    expect(running()).toEqual(before);
    node.process.disconnect();
    const [pod] = await cluster.client.list(Pod, { namespace: 'default' });
    await cluster.client.delete(Pod, pod as Pod, { gracePeriodSeconds: 0 });
    await cluster.advance('1m');
    expect(running()).toContain(before[0]);
    node.process.connect();
    await cluster.advance('3m');
    expect(running()).not.toContain(before[0]);
    expect(await cluster.client.get(Deployment, 'default/web')).toBeAvailable({ replicas: 1 });
    expect((await cluster.client.list(Lease, { namespace: 'kube-node-lease' })).items).toHaveLength(1);
  });
});
