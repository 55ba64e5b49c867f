import { ConfigMap, Namespace, ServiceAccount } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { causesOf, rejection, startServer } from './fixtures.ts';

describe('namespaces', () => {
  it('are active, labelled and held by the namespace controller', async () => {
    await using server = await startServer();
    const created = await server.client.create(Namespace, { metadata: { name: 'web' }, spec: {} });
    expect(created).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'web' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    expect((await server.client.patch(Namespace, 'web', { type: 'merge', patch: { spec: { finalizers: [] } } })).spec).toEqual({ finalizers: ['kubernetes'] });
  });

  it('terminate, take no new objects, and go when they are finalized', async () => {
    await using server = await startServer();
    const { client } = server;
    await client.create(Namespace, { metadata: { name: 'web' }, spec: {} });
    await client.create(ConfigMap, { metadata: { name: 'a', namespace: 'web' } });
    const going = await client.delete(Namespace, 'web');
    expect(going).toMatchObject({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Terminating' } });
    expect(going.metadata.deletionGracePeriodSeconds).toBeUndefined();
    expect(await client.delete(Namespace, 'web')).toBe(going);
    expect(await rejection(client.create(ConfigMap, { metadata: { name: 'b', namespace: 'web' } }))).toMatchObject({
      code: 403,
      message: 'configmaps "b" is forbidden: unable to create new content in namespace web because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    });
    await client.update(ConfigMap, { metadata: { name: 'a', namespace: 'web' }, data: { still: 'allowed' } });
    await client.update(Namespace, { ...going, spec: { finalizers: [] } }, { subresource: 'finalize' });
    expect((await rejection(client.get(Namespace, 'web'))).reason).toBe('NotFound');
  });

  it('go at once when nothing is left to finalize', async () => {
    await using server = await startServer();
    const { client } = server;
    const created = await client.create(Namespace, { metadata: { name: 'web' }, spec: {} });
    await client.update(Namespace, { ...created, spec: { finalizers: [] } }, { subresource: 'finalize' });
    await client.delete(Namespace, 'web');
    expect((await rejection(client.get(Namespace, 'web'))).reason).toBe('NotFound');
  });

  it('must exist before what is in them', async () => {
    await using server = await startServer();
    expect(await rejection(server.client.create(ConfigMap, { metadata: { name: 'a', namespace: 'nowhere' } }))).toMatchObject({
      reason: 'NotFound',
      message: 'namespaces "nowhere" not found',
    });
  });

  it.each(['default', 'kube-system', 'kube-public'])('%s may not be deleted', async (name) => {
    await using server = await startServer();
    expect(await rejection(server.client.delete(Namespace, name))).toMatchObject({
      code: 403,
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  });

  it('cannot be made to look alive or dead', async () => {
    await using server = await startServer();
    const phase = (to: string): Promise<unknown> =>
      server.client.patch(Namespace, 'default', { type: 'merge', patch: { status: { phase: to } } }, { subresource: 'status' });
    expect(await causesOf(phase('Terminating'))).toEqual(["status.phase: Forbidden: may only be 'Active' if `deletionTimestamp` is empty"]);
  });

  it('have a service account each from the start', async () => {
    await using server = await startServer();
    expect((await server.client.list(ServiceAccount)).items.map(({ metadata }) => metadata.namespace)).toEqual([
      'default',
      'kube-node-lease',
      'kube-public',
      'kube-system',
    ]);
  });
});
