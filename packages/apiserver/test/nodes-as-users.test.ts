import type { Kind } from '@kybern/core';
import { ConfigMap, Lease, Node, Pod, Secret, ServiceAccount } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { rejection, startServer, VALID } from './fixtures.ts';

/** A cluster with two nodes; a Pod on the first uses the Secret `mine`. */
async function world(): Promise<Awaited<ReturnType<typeof startServer>>> {
  const server = await startServer({ authorization: 'rbac' });
  const { client } = server;
  for (const name of ['mine', 'other']) await client.create(Secret, { metadata: { name, namespace: 'default' } });
  for (const name of ['a', 'b']) await client.create(Node, { metadata: { name }, spec: {} });
  const spec = { containers: [{ name: 'main', image: 'x', envFrom: [{ secretRef: { name: 'mine' } }] }], nodeName: 'a' };
  await client.create(Pod, { metadata: { name: 'on-a' }, spec });
  await client.create(Pod, { metadata: { name: 'on-b' }, spec: { ...spec, nodeName: 'b', containers: [{ name: 'main', image: 'x' }] } });
  return server;
}

const user = { username: 'system:node:a', groups: ['system:nodes', 'system:authenticated'] };

it('a node reads what its Pods use, and nothing else', async () => {
  await using server = await world();
  const node = server.api.clientFor(user);
  expect((await node.list(Pod)).items).toHaveLength(2);
  expect((await node.get(Secret, 'default/mine')).metadata.name).toBe('mine');
  expect(await rejection(node.get(Secret, 'default/other'))).toMatchObject({
    code: 403,
    message: expect.stringContaining("no relationship found between node 'a' and this object") as string,
  });
  expect((await rejection(node.list(Secret))).code).toBe(403);
  expect((await rejection(node.get(ConfigMap, 'kube-system/extension-apiserver-authentication'))).code).toBe(403);
  const token = node.createSubresource(ServiceAccount as unknown as Kind, 'default', 'token', {} as never);
  expect(await token).toMatchObject({ status: { token: expect.any(String) as string } });
  // What a Pod used is closed again when it is gone.
  await server.client.delete(Pod, 'on-a', { gracePeriodSeconds: 0 });
  expect((await rejection(node.get(Secret, 'default/mine'))).code).toBe(403);
  expect((await rejection(server.api.clientFor({ username: 'system:node:a' }).list(Pod))).code).toBe(403);
});

it('a node writes itself, its Lease and the status of its Pods, and nobody else’s', async () => {
  await using server = await world();
  const node = server.api.clientFor(user);
  const lease = (name: string, namespace = 'kube-node-lease'): object => ({
    metadata: { name, namespace },
    spec: { holderIdentity: name, leaseDurationSeconds: 40 },
  });
  await node.create(Lease, lease('a') as never);
  expect((await rejection(node.create(Lease, lease('b') as never))).message).toContain('can only access node lease with the same name as the requesting node');
  expect((await rejection(node.create(Lease, lease('a', 'default') as never))).code).toBe(403);
  const status = { type: 'merge', patch: { status: { phase: 'Running' } } } as const;
  await node.patch(Pod, 'on-a', status, { subresource: 'status' });
  expect((await rejection(node.patch(Pod, 'on-b', status, { subresource: 'status' }))).message).toBe(
    'pods "on-b" is forbidden: node "a" can only update pod status for pods with spec.nodeName set to itself',
  );
  expect((await rejection(node.delete(Pod, 'on-b'))).message).toContain('can only delete pods with spec.nodeName set to itself');
  const evict = (name: string): Promise<unknown> =>
    node.createSubresource(Pod as unknown as Kind, name, 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } } as never);
  expect((await rejection(evict('on-b') as Promise<never>)).code).toBe(403);
  expect((await rejection(node.create(Pod, VALID.Pod))).message).toContain('can only create mirror pods');
  await node.patch(Node, 'a', { type: 'merge', patch: { metadata: { labels: { zone: 'x', 'kubernetes.io/os': 'linux' } } } });
  const label = (key: string): Promise<unknown> => node.patch(Node, 'a', { type: 'merge', patch: { metadata: { labels: { [key]: 'x' } } } });
  expect((await rejection(label('node-restriction.kubernetes.io/team') as Promise<never>)).message).toContain('is not allowed to modify labels');
  expect((await rejection(label('node-role.kubernetes.io/master') as Promise<never>)).message).toContain('is not allowed to modify labels');
  expect((await rejection(node.patch(Node, 'a', { type: 'merge', patch: { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } } }))).message).toContain(
    'is not allowed to modify taints',
  );
  expect((await rejection(node.patch(Node, 'b', { type: 'merge', patch: { spec: { unschedulable: true } } }))).message).toBe(
    'nodes "b" is forbidden: node "a" is not allowed to modify node "b"',
  );
});
