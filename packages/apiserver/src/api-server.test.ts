import { firstValueFrom, take, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { Binding, ConfigMap, Deployment, Namespace, Node, Pod, Secret, Service } from '@kybern/core/kinds';
import { createApiServer } from './api-server.ts';

const podInput = (name: string): object => ({ metadata: { name }, spec: { containers: [{ name: 'web', image: 'nginx:1.25' }] } });

describe('createApiServer', () => {
  test('has what every cluster has', async () => {
    await using api = await createApiServer();
    const names = (await api.client.list(Namespace)).items.map(({ metadata }) => metadata.name);
    expect(names).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    expect((await api.client.get(Service, 'kubernetes')).spec.clusterIP).toBe('10.96.0.1');
  });

  test('creates, reads, changes and deletes', async () => {
    await using api = await createApiServer();
    const { client } = api;
    const input = { metadata: { name: 'a' }, data: { k: 'v' } };
    const created = await client.create(ConfigMap, input);
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
    expect(Object.isFrozen(input)).toBe(false);
    expect(await client.get(ConfigMap, 'a')).toBe(created);
    const updated = await client.update(ConfigMap, { ...created, data: { k: 'w' } });
    expect(updated.data).toEqual({ k: 'w' });
    await expect(client.update(ConfigMap, { ...created, data: {} })).rejects.toMatchObject({ reason: 'Conflict' });
    const patched = await client.patch(ConfigMap, 'a', { type: 'merge', patch: { data: { x: 'y' } } });
    expect(patched.data).toEqual({ k: 'w', x: 'y' });
    expect(await client.patch(ConfigMap, 'a', { type: 'merge', patch: { data: { x: 'y' } } })).toBe(patched);
    await client.delete(ConfigMap, 'a');
    await expect(client.get(ConfigMap, 'a')).rejects.toMatchObject({ reason: 'NotFound', code: 404 });
  });

  test('defaults, binds and gracefully deletes a Pod', async () => {
    await using api = await createApiServer();
    const { client } = api;
    const pod = await client.create(Pod, podInput('p') as never);
    expect(pod.spec).toMatchObject({ restartPolicy: 'Always', serviceAccountName: 'default', priority: 0 });
    expect(pod.status).toMatchObject({ phase: 'Pending' });
    await client.createSubresource(Pod, pod, 'binding', { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } });
    const bound = await client.get(Pod, 'p');
    expect(bound.spec.nodeName).toBe('n1');
    const going = await client.delete(Pod, 'p');
    expect(going.metadata.deletionGracePeriodSeconds).toBe(30);
    await client.delete(Pod, 'p', { gracePeriodSeconds: 0 });
    await expect(client.get(Pod, 'p')).rejects.toMatchObject({ reason: 'NotFound' });
    void Binding;
    void Node;
    void Secret;
  });

  test('watches', async () => {
    await using api = await createApiServer();
    const { client } = api;
    const events = firstValueFrom(client.watch(ConfigMap, { resourceVersion: '1' }).pipe(take(3), toArray()));
    const created = await client.create(ConfigMap, { metadata: { name: 'a' }, data: { k: 'v' } });
    await client.update(ConfigMap, { ...created, data: { k: 'w' } });
    await client.delete(ConfigMap, 'a');
    expect((await events).map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  test('status is a subresource', async () => {
    await using api = await createApiServer();
    const { client } = api;
    const labels = { app: 'a' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
    const deployment = await client.create(Deployment, {
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: labels }, template },
      status: { replicas: 7 },
    } as never);
    expect(deployment.status?.replicas).toBeUndefined();
    expect(deployment.metadata.generation).toBe(1);
    const withStatus = await client.patch(
      Deployment,
      'd',
      { type: 'merge', patch: { status: { replicas: 3 }, spec: { replicas: 9 } } },
      { subresource: 'status' },
    );
    expect(withStatus.status?.replicas).toBe(3);
    expect(withStatus.spec.replicas).toBe(1);
    const scaled = await client.patch(Deployment, 'd', { type: 'merge', patch: { spec: { replicas: 5 } } }, { subresource: 'scale' });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 3, selector: 'app=a' } });
    expect((await client.get(Deployment, 'd')).metadata.generation).toBe(2);
  });
});
