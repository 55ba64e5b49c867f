import { condition, defineKind, isNotFound, type ObjectInput, type ObjectOf } from '@kybern/core';
import { Deployment, EndpointSlice, Node, Pod, Service, type ConfigMap } from '@kybern/core/kinds';
import { defineController, done } from '@kybern/reconcile';
import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from './test-cluster.ts';

const quickstart = [
  new URL('../../../examples/quickstart/deployment.yaml', import.meta.url),
  new URL('../../../examples/quickstart/service.yaml', import.meta.url),
];

async function withQuickstart(seed: number, nodes = 3): Promise<TestCluster> {
  const cluster = await createTestCluster({ seed, nodes });
  for (const manifest of quickstart) await cluster.apply(manifest);
  await cluster.settle();
  return cluster;
}

const NGINX = 'default/nginx-deployment';

describe('createTestCluster', () => {
  it('brings up the quickstart: Pods on nodes, with addresses and endpoints', async () => {
    await using cluster = await withQuickstart(1);
    expect(await cluster.client.get(Deployment, NGINX)).toBeAvailable({ replicas: 3 });
    const pods = await cluster.client.list(Pod, { labels: { app: 'nginx' } });
    expect(new Set(pods.items.map((pod) => pod.spec.nodeName))).toEqual(new Set(['node-1', 'node-2', 'node-3']));
    expect(new Set(pods.items.map((pod) => pod.status?.podIP)).size).toBe(3);
    const service = await cluster.client.get(Service, 'default/nginx-service');
    expect(service.status?.loadBalancer?.ingress?.[0]?.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const [slice] = await cluster.client.list(EndpointSlice, { labels: { 'kubernetes.io/service-name': 'nginx-service' } });
    expect(slice?.endpoints?.map((endpoint) => endpoint.addresses[0]).sort()).toEqual(pods.items.map((pod) => pod.status?.podIP).sort());
    expect(cluster.errors).toEqual([]);
  });

  it('replaces a Pod that is deleted', async () => {
    await using cluster = await withQuickstart(1);
    const [pod] = await cluster.client.list(Pod, { labels: { app: 'nginx' } });
    await cluster.client.delete(Pod, pod as Pod);
    await cluster.settle();
    await cluster.advance('40s');
    await cluster.settle();
    const after = await cluster.client.list(Pod, { labels: { app: 'nginx' } });
    expect(after.items).toHaveLength(3);
    expect(after.items.map((item) => item.metadata.uid)).not.toContain(pod?.metadata.uid);
    expect(await cluster.client.get(Deployment, NGINX)).toBeAvailable({ replicas: 3 });
  });

  it('replaces the Pods of a node that dies, and takes the node back when it returns', async () => {
    await using cluster = await withQuickstart(1);
    const [pod] = await cluster.client.list(Pod, { labels: { app: 'nginx' } });
    const node = cluster.node(pod?.spec.nodeName);
    node.kill();
    await cluster.advance('1m');
    expect(await cluster.client.get(Node, node.name)).toHaveCondition('Ready', 'Unknown');
    await cluster.advance('6m');
    expect(await cluster.client.get(Deployment, NGINX)).toBeAvailable({ replicas: 3 });
    const alive = (await cluster.client.list(Pod, { labels: { app: 'nginx' } })).items.filter((item) => item.metadata.deletionTimestamp === undefined);
    expect(alive.map((item) => item.spec.nodeName)).not.toContain(node.name);
    node.restart();
    await cluster.advance('1m');
    expect(await cluster.client.get(Node, node.name)).toHaveCondition('Ready');
  });

  it('rolls an update out and back without ever falling below what must be available', async () => {
    await using cluster = await withQuickstart(1);
    const update = (image: string): Promise<Deployment> =>
      cluster.client.patch(Deployment, NGINX, { type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: 'nginx', image }] } } } } });
    const from = cluster.log.length;
    await update('nginx:1.27');
    await cluster.advance('2m');
    expect(await cluster.client.get(Deployment, NGINX)).toBeAvailable({ replicas: 3 });
    await update('nginx:1.25');
    await cluster.advance('2m');
    const deployment = await cluster.client.get(Deployment, NGINX);
    expect(deployment).toBeAvailable({ replicas: 3 });
    expect(deployment.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
    const available = cluster.log
      .slice(from)
      .flatMap((entry) => (entry.object.kind === 'Deployment' ? [(entry.object as Deployment).status?.availableReplicas ?? 0] : []));
    expect(Math.min(...available)).toBeGreaterThanOrEqual(2);
  });

  it('is the same run for the same seed, to the byte, and another for another seed', async () => {
    const run = async (seed: number): Promise<string> => {
      await using cluster = await withQuickstart(seed);
      cluster.node('node-2').kill();
      await cluster.advance('10m');
      return cluster.eventLog();
    };
    const [first, second, other] = [await run(5), await run(5), await run(6)];
    expect(first.length).toBeGreaterThan(10_000);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });

  it('writes nothing but heartbeats once it is settled', async () => {
    await using cluster = await withQuickstart(1);
    await cluster.advance('1m');
    const from = cluster.log.length;
    await cluster.advance('4m');
    const written = cluster.log.slice(from).filter((entry) => entry.object.kind !== 'Lease');
    expect(written.map((entry) => entry.key)).toEqual([]);
    expect(cluster.log.length).toBeGreaterThan(from);
  });

  it('lets nothing happen while nobody awaits it', async () => {
    await using cluster = await createTestCluster({ nodes: 1 });
    const before = cluster.clock.now();
    await new Promise((resolve) => setTimeout(resolve, 20)); // real time, in which a virtual clock must stand still
    expect(cluster.clock.now()).toBe(before);
  });

  it('runs without controllers, scheduler or nodes', async () => {
    await using cluster = await createTestCluster({ nodes: 0, controllers: 'none', scheduler: false });
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'default' },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    } as never);
    await cluster.settle();
    expect((await cluster.client.get(Pod, 'default/a')).spec.nodeName).toBeUndefined();
    expect(() => cluster.node('node-1')).toThrow(/there is no node "node-1"/);
  });

  it.each([-1, 1.5])('refuses %s nodes', async (nodes) => {
    await expect(createTestCluster({ nodes })).rejects.toThrow(RangeError);
  });

  it('applies texts and objects, changes what differs, and names kinds that it does not serve', async () => {
    await using cluster = await createTestCluster({ nodes: 0 });
    const map = (color: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: colors, namespace: default }\ndata: { sky: ${color} }\n`;
    await cluster.apply(map('blue'));
    const [applied] = await cluster.apply(map('grey'));
    expect((applied as ConfigMap).data).toEqual({ sky: 'grey' });
    await expect(cluster.apply({ apiVersion: 'example.com/v1', kind: 'Nothing', metadata: { name: 'a' } })).rejects.toThrow(/no matches for kind "Nothing"/);
    await expect(cluster.apply(new URL('file:///nowhere.yaml'))).rejects.toThrow(/ENOENT/);
  });
});

const Site = defineKind({
  group: 'tools.example.com',
  version: 'v1',
  kind: 'Site',
  scope: 'Namespaced',
  spec: { type: 'object', required: ['domain'], properties: { domain: { type: 'string' } } },
  status: { type: 'object', properties: { url: { type: 'string' } } },
});

describe("a user's reconciler", () => {
  const site = (name: string, domain: string): ObjectInput<ObjectOf<typeof Site>> => ({ metadata: { name, namespace: 'default' }, spec: { domain } });

  it('that throws is reported with its key, retried with back-off, and does not stop the others', async () => {
    const attempts: number[] = [];
    const sites = defineController({
      for: Site,
      async reconcile({ object, client, clock }) {
        if (object.spec.domain === 'broken') {
          attempts.push(clock.monotonicMs());
          throw new Error('the registrar is down');
        }
        await client.mutateStatus(Site, object, (draft) => {
          draft.status.url = `https://${object.spec.domain}`;
          condition(draft, 'Ready', true);
        });
        return done();
      },
    });
    await using cluster = await createTestCluster({ nodes: 0 });
    cluster.run(sites);
    await cluster.client.create(Site, site('bad', 'broken'));
    await cluster.client.create(Site, site('good', 'example.com'));
    await cluster.settle();
    expect(await cluster.client.get(Site, 'default/good')).toMatchObject({ status: { url: 'https://example.com' } });
    expect(await cluster.client.get(Site, 'default/good')).toHaveCondition('Ready');
    expect(attempts.length).toBeGreaterThan(3);
    const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
    expect(cluster.errors[0]).toMatchObject({
      error: { message: 'the registrar is down' },
      context: { source: 'reconcile', kind: 'Site', key: 'default/bad', attempt: 1 },
    });
  });

  it('sees kinds of its own served only once it runs', async () => {
    await using cluster = await createTestCluster({ nodes: 0 });
    expect(isNotFound(await cluster.client.list(Site).catch((error: unknown) => error))).toBe(true);
    cluster.run(defineController({ for: Site, reconcile: async () => done() }));
    expect((await cluster.client.list(Site)).items).toEqual([]);
  });
});
