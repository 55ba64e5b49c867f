import { ConfigMap, Deployment, Namespace, PersistentVolumeClaim, Pod, ResourceQuota, Service } from '@kybern/core/kinds';
import type { Client } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { changed, loose, rejection, startServer, VALID } from './fixtures.ts';

type Amounts = Readonly<Record<string, string>>;

const quota = (hard: Amounts, more: object = {}, name = 'q'): never => ({ metadata: { name }, spec: { hard, ...more } }) as never;
const createPod = (client: Client, name: string, requests: Amounts = {}, more: object = {}): Promise<unknown> =>
  client.create(loose(Pod), { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...more } } as never);
const used = async (client: Client, name = 'q'): Promise<Amounts | undefined> => (await client.get(ResourceQuota, name)).status?.used;

describe('a ResourceQuota', () => {
  it('knows what is used from its first moment, and to every moment after', async () => {
    await using server = await startServer();
    const { client } = server;
    await createPod(client, 'a', { cpu: '500m' });
    const created = await client.create(
      ResourceQuota,
      quota({ pods: '3', 'requests.cpu': '2', cpu: '2', 'count/deployments.apps': '1', 'unknown.example.com/x': '1' }),
    );
    expect(created.status).toEqual({ hard: created.spec.hard, used: { pods: '1', 'requests.cpu': '500m', cpu: '500m', 'count/deployments.apps': '0' } });
    await createPod(client, 'b', { cpu: '1' }, { nodeName: 'n' });
    expect(await used(client)).toMatchObject({ pods: '2', 'requests.cpu': '1500m', cpu: '1500m' });
    await client.patch(Pod, 'a', { type: 'merge', patch: { status: { phase: 'Succeeded' } } }, { subresource: 'status' });
    expect(await used(client)).toMatchObject({ pods: '1', cpu: '1' });
    await client.delete(Pod, 'b');
    expect(await used(client)).toMatchObject({ pods: '1', cpu: '1' });
    await client.delete(Pod, 'b', { gracePeriodSeconds: 0 });
    expect(await used(client)).toMatchObject({ pods: '0', cpu: '0' });
    await client.create(loose(Deployment), VALID.Deployment as never);
    expect(await used(client)).toMatchObject({ 'count/deployments.apps': '1' });
    expect((await rejection(client.create(loose(Deployment), changed(VALID.Deployment, { 'metadata.name': 'two' }) as never))).message).toBe(
      'deployments.apps "two" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1',
    );
  });

  it('counts anew when it changes, and tells nobody what is not true', async () => {
    await using server = await startServer();
    const { client } = server;
    await createPod(client, 'a', { memory: '64Mi' });
    await client.create(ResourceQuota, quota({ pods: '2' }));
    await client.patch(ResourceQuota, 'q', { type: 'merge', patch: { spec: { hard: { pods: '1', 'requests.memory': '1Gi' } } } });
    expect(await used(client)).toEqual({ pods: '1', 'requests.memory': '64Mi' });
    await client.patch(ResourceQuota, 'q', { type: 'merge', patch: { status: { used: { pods: '0' } } } }, { subresource: 'status' });
    expect(await used(client)).toEqual({ pods: '1', 'requests.memory': '64Mi' });
    expect((await rejection(createPod(client, 'b', { memory: '2Gi' }))).message).toBe(
      'pods "b" is forbidden: exceeded quota: q, requested: pods=1,requests.memory=2Gi, used: pods=1,requests.memory=64Mi, limited: pods=1,requests.memory=1Gi',
    );
    await client.patch(ResourceQuota, 'q', { type: 'merge', patch: { spec: { hard: { pods: '0' } } } });
    await client.patch(Pod, 'a', { type: 'merge', patch: { metadata: { labels: { still: 'here' } } } });
  });

  it('wants to know what it counts', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(ResourceQuota, quota({ cpu: '2', 'limits.memory': '1Gi' }));
    expect(await rejection(createPod(client, 'a'))).toMatchObject({
      code: 403,
      message: 'pods "a" is forbidden: failed quota: q: must specify cpu for: c; limits.memory for: c',
    });
  });

  it('is for those in its scopes', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(ResourceQuota, quota({ pods: '0' }, { scopes: ['BestEffort'] }, 'best'));
    await client.create(ResourceQuota, quota({ pods: '0' }, { scopes: ['Terminating'] }, 'ending'));
    const priority = { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }] } };
    await client.create(ResourceQuota, quota({ pods: '0' }, priority, 'high'));
    await createPod(client, 'ok', { cpu: '1' });
    expect((await rejection(createPod(client, 'a'))).message).toContain('exceeded quota: best');
    expect((await rejection(createPod(client, 'a', { cpu: '1' }, { activeDeadlineSeconds: 9 }))).message).toContain('exceeded quota: ending');
    expect((await rejection(createPod(client, 'a', { cpu: '1' }, { priorityClassName: 'system-node-critical' }))).message).toContain('exceeded quota: high');
    await client.create(ConfigMap, { metadata: { name: 'a' } });
  });

  it('counts Services and claims by what they are', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(Namespace, { metadata: { name: 'x' } });
    const inX = (object: object, changes: Record<string, unknown>): never => changed(object, { 'metadata.namespace': 'x', ...changes }) as never;
    await client.create(ResourceQuota, {
      metadata: { name: 'q', namespace: 'x' },
      spec: {
        hard: {
          services: '2',
          'services.nodeports': '1',
          persistentvolumeclaims: '2',
          'requests.storage': '3Gi',
          'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
        },
      },
    });
    await client.create(loose(Service), inX(VALID.Service, { 'spec.type': 'NodePort' }));
    expect((await rejection(client.create(loose(Service), inX(VALID.Service, { 'metadata.name': 'b', 'spec.type': 'NodePort' })))).message).toContain(
      'services.nodeports=1',
    );
    await client.create(loose(Service), inX(VALID.Service, { 'metadata.name': 'b' }));
    expect((await rejection(client.patch(Service, { namespace: 'x', name: 'b' }, { type: 'merge', patch: { spec: { type: 'NodePort' } } }))).code).toBe(403);
    await client.create(loose(PersistentVolumeClaim), inX(VALID.PersistentVolumeClaim, { 'spec.storageClassName': 'gold' }));
    const more = inX(VALID.PersistentVolumeClaim, { 'metadata.name': 'b', 'spec.storageClassName': 'gold' });
    expect((await rejection(client.create(loose(PersistentVolumeClaim), more))).message).toContain('gold.storageclass.storage.k8s.io/requests.storage=1Gi');
    await client.delete(Service, { namespace: 'x', name: 'web' });
    expect((await client.get(ResourceQuota, { namespace: 'x', name: 'q' })).status?.used).toEqual({
      services: '1',
      'services.nodeports': '0',
      persistentvolumeclaims: '1',
      'requests.storage': '1Gi',
      'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
    });
  });

  it('is never exceeded by those who create at the same time, and lets in exactly as many as fit', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(ResourceQuota, quota({ pods: '10', 'requests.cpu': '4' }));
    const attempt = (i: number): Promise<boolean> =>
      createPod(client, `p-${i}`, { cpu: '500m' }).then(
        () => true,
        () => false,
      );
    const made = await Promise.all(Array.from({ length: 40 }, (_, i) => attempt(i)));
    expect(made.filter(Boolean)).toHaveLength(8);
    expect(await used(client)).toEqual({ pods: '8', 'requests.cpu': '4' });
    const [first, second] = made.flatMap((done, i) => (done ? [`p-${i}`] : []));
    await Promise.all([client.delete(Pod, first as string), client.delete(Pod, second as string), ...Array.from({ length: 20 }, (_, i) => attempt(100 + i))]);
    const { items } = await client.list(Pod, { namespace: 'default' });
    expect(items.length).toBeLessThanOrEqual(8);
    expect(await used(client)).toMatchObject({ pods: String(items.length) });
  });

  it('is tried by what is not stored, too', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(ResourceQuota, quota({ configmaps: '1' }));
    await client.create(ConfigMap, { metadata: { name: 'a' } }, { dryRun: true });
    expect(await used(client)).toEqual({ configmaps: '0' });
    await client.create(ConfigMap, { metadata: { name: 'a' } });
    expect((await rejection(client.create(ConfigMap, { metadata: { name: 'b' } }, { dryRun: true }))).code).toBe(403);
    expect((await rejection(client.create(ConfigMap, { metadata: { name: 'a' } }))).code).toBe(409);
  });
});
