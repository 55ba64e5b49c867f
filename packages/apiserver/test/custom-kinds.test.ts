import { defineKind, isConditionTrue, condition, type Kind } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import { causesOf, loose, rejection, startServer } from './fixtures.ts';

const Site = defineKind({
  group: 'tools.example.com',
  version: 'v1',
  kind: 'Site',
  scope: 'Namespaced',
  shortNames: ['st'],
  categories: ['all'],
  spec: {
    type: 'object',
    required: ['domain'],
    properties: {
      domain: { type: 'string', minLength: 3 },
      replicas: { type: 'integer', default: 1, minimum: 0 },
      extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      note: { type: 'string', nullable: true },
    },
  },
  status: { type: 'object', properties: { url: { type: 'string' } } },
});
const Zone = defineKind({
  group: 'tools.example.com',
  version: 'v1',
  kind: 'Zone',
  scope: 'Cluster',
  schema: { type: 'object', properties: { size: { type: 'integer' } } },
});
const start = (): ReturnType<typeof startServer> => startServer({ kinds: [Site, Zone] as unknown as readonly Kind[] });
const site = { metadata: { name: 'a' }, spec: { domain: 'example.com' } };

describe('a kind of one’s own', () => {
  it('is defaulted, pruned and checked by its schema', async () => {
    await using server = await start();
    const created = await server.client.create(Site, { ...site, spec: { ...site.spec, unknown: 1, extra: { any: { thing: [1, null] } } } } as never);
    expect(created).toMatchObject({ apiVersion: 'tools.example.com/v1', kind: 'Site', metadata: { namespace: 'default', generation: 1 } });
    expect(created.spec).toEqual({ domain: 'example.com', replicas: 1, extra: { any: { thing: [1, null] } } });
    expect(await causesOf(server.client.create(loose(Site), { metadata: { name: 'B' }, spec: { replicas: -1 } } as never))).toHaveLength(3);
    expect(await rejection(server.client.create(Site, { ...site, spec: { ...site.spec, unknown: 1 } } as never, { fieldValidation: 'Strict' }))).toMatchObject({
      code: 400,
    });
  });

  it('keeps a null where it is a value', async () => {
    await using server = await start();
    expect((await server.client.create(Site, { ...site, spec: { ...site.spec, note: null } } as never)).spec).toHaveProperty('note', null);
  });

  it('has a status of its own', async () => {
    await using server = await start();
    await server.client.create(Site, { ...site, status: { url: 'x' } } as never);
    const updated = await server.client.mutateStatus(Site, 'a', (draft) => {
      draft.status.url = 'https://example.com';
      condition(draft, 'Ready', true);
    });
    expect(isConditionTrue(updated, 'Ready')).toBe(true);
    expect(updated.metadata.generation).toBe(1);
    const patched = await server.client.patch(
      Site,
      'a',
      { type: 'merge', patch: { metadata: { labels: { a: 'b' } }, spec: { replicas: 5 }, status: { url: 'y' } } },
      { subresource: 'status' },
    );
    expect(patched).toMatchObject({ metadata: { generation: 1 }, spec: { replicas: 1 }, status: { url: 'y' } });
    expect(patched.metadata.labels).toBeUndefined();
    expect((await server.client.patch(Site, 'a', { type: 'merge', patch: { spec: { replicas: 5 }, status: { url: 'z' } } })).status?.url).toBe('y');
  });

  it('counts generations of anything but metadata and status', async () => {
    await using server = await start();
    await server.client.create(Zone, { metadata: { name: 'a' }, size: 1 });
    expect((await server.client.patch(Zone, 'a', { type: 'merge', patch: { size: 2 } })).metadata.generation).toBe(2);
    expect((await server.client.patch(Zone, 'a', { type: 'merge', patch: { metadata: { labels: { a: 'b' } } } })).metadata.generation).toBe(2);
  });

  it('takes no strategic merge patch, and no update without a resourceVersion', async () => {
    await using server = await start();
    const created = await server.client.create(Site, site as never);
    expect(await rejection(server.client.patch(Site, 'a', { type: 'strategic', patch: {} }))).toMatchObject({ code: 415 });
    const { resourceVersion: _, ...metadata } = created.metadata;
    expect(await causesOf(server.client.update(Site, { ...created, metadata } as never))).toEqual([
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    ]);
    expect((await server.client.update(Site, { ...created, spec: { ...created.spec, replicas: 2 } } as never)).spec.replicas).toBe(2);
  });

  it('is found by its names, and by an equal definition', async () => {
    await using server = await start();
    for (const name of ['st', 'sites', 'Site', 'sites.tools.example.com', 'sites.v1.tools.example.com']) expect(server.api.kinds.resolve(name)).toBe(Site);
    expect(server.api.kinds.byCategory('all')).toContain(Site);
    const twin = defineKind({ group: 'tools.example.com', version: 'v1', kind: 'Site', scope: 'Namespaced' });
    await server.client.create(Site, site as never);
    expect((await server.client.get(twin, 'a')).metadata.name).toBe('a');
    const unknown = defineKind({ group: 'other.example.com', version: 'v1', kind: 'Site', scope: 'Namespaced' });
    expect(await rejection(server.client.get(unknown, 'a'))).toMatchObject({ code: 404, message: 'the server could not find the requested resource' });
  });

  it('may be defined only once', async () => {
    await expect(startServer({ kinds: [Site, Site] as unknown as readonly Kind[] })).rejects.toThrow(RangeError);
  });
});
