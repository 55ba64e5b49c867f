import { IPAddress, Service, type ServiceSpec } from '@kybern/core/kinds';
import { createMemoryStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import { causesOf, rejection, startServer } from './fixtures.ts';

const service = (name: string, spec: Partial<ServiceSpec> = {}): { metadata: { name: string }; spec: ServiceSpec } => ({
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

describe('Services', () => {
  it('get an address each, and give it back', async () => {
    await using server = await startServer({ serviceCidr: '10.7.0.0/29' });
    const { client } = server;
    const ips: (string | undefined)[] = [];
    for (let i = 0; i < 5; i++) ips.push((await client.create(Service, service(`s${i}`))).spec.clusterIP);
    expect(new Set(ips).size).toBe(5);
    expect((await client.get(Service, 's0')).spec).toMatchObject({
      clusterIPs: [ips[0]],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      type: 'ClusterIP',
    });
    const full = await rejection(client.create(Service, service('one-more')));
    expect(full).toMatchObject({ reason: 'InternalError', message: 'Internal error occurred: failed to allocate a serviceIP: range is full' });
    await client.delete(Service, 's3');
    expect((await client.create(Service, service('one-more'))).spec.clusterIP).toBe(ips[3]);
  });

  it('may ask for an address that is free', async () => {
    await using server = await startServer();
    const { client } = server;
    expect((await client.create(Service, service('a', { clusterIP: '10.96.0.10' }))).spec.clusterIPs).toEqual(['10.96.0.10']);
    expect(await causesOf(client.create(Service, service('b', { clusterIP: '10.96.0.10' })))).toEqual([
      'spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    ]);
  });

  it('without an address have none', async () => {
    await using server = await startServer();
    const { client } = server;
    expect((await client.create(Service, service('headless', { clusterIP: 'None' }))).spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    const external = await client.create(Service, { metadata: { name: 'external' }, spec: { type: 'ExternalName', externalName: 'example.com' } });
    expect(external.spec.clusterIP).toBeUndefined();
  });

  it('get node ports when their type needs them', async () => {
    await using server = await startServer();
    const { client } = server;
    const created = await client.create(
      Service,
      service('a', {
        type: 'NodePort',
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81, nodePort: 30_081 },
        ],
      }),
    );
    const [first, second] = created.spec.ports ?? [];
    expect(first?.nodePort).toBeGreaterThanOrEqual(30_000);
    expect(second?.nodePort).toBe(30_081);
    expect(await causesOf(client.create(Service, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_081 }] })))).toEqual([
      'spec.ports[0].nodePort: Invalid value: 30081: provided port is already allocated',
    ]);
    await client.delete(Service, 'a');
    expect((await client.create(Service, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_081 }] }))).spec.ports?.[0]?.nodePort).toBe(30_081);
  });

  it('share a node port between protocols of one Service', async () => {
    await using server = await startServer();
    const ports = [
      { name: 'tcp', port: 53, nodePort: 30_053 },
      { name: 'udp', port: 53, nodePort: 30_053, protocol: 'UDP' as const },
    ];
    const created = await server.client.create(Service, service('dns', { type: 'NodePort', ports }));
    expect(created.spec.ports?.map(({ nodePort }) => nodePort)).toEqual([30_053, 30_053]);
  });

  it('keep what they have through an update that leaves it out', async () => {
    await using server = await startServer();
    const { client } = server;
    const created = await client.create(Service, service('a', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }));
    expect(created.spec.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
    const updated = await client.update(Service, service('a', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector: { app: 'other' } }));
    expect(updated.spec).toEqual({ ...created.spec, selector: { app: 'other' } });
  });

  it('give back what a change of type makes useless, and take it again', async () => {
    await using server = await startServer();
    const { client } = server;
    const created = await client.create(Service, service('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_099 }] }));
    const inner = await client.patch(Service, 'a', { type: 'merge', patch: { spec: { type: 'ClusterIP' } } });
    expect(inner.spec.ports?.[0]?.nodePort).toBeUndefined();
    expect(inner.spec.clusterIP).toBe(created.spec.clusterIP);
    await client.create(Service, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_099 }] }));
    const external = await client.patch(Service, 'a', { type: 'merge', patch: { spec: { type: 'ExternalName', externalName: 'example.com' } } });
    expect(external.spec).not.toHaveProperty('clusterIP');
    await client.create(Service, service('c', { clusterIP: created.spec.clusterIP as string }));
  });

  it('lose nothing to writes that fail', async () => {
    await using server = await startServer({ serviceCidr: '10.7.0.0/29' });
    const { client } = server;
    for (let i = 0; i < 20; i++) {
      await rejection(client.create(Service, service('a', { ports: [{ port: 0 }] })));
      await client.create(Service, service('dry'), { dryRun: true });
      await rejection(client.create(Service, service('kubernetes')));
    }
    for (let i = 0; i < 5; i++) await client.create(Service, service(`s${i}`));
  });

  it('keep their addresses when another server takes over the state', async () => {
    const state = createMemoryStore();
    await using first = await startServer({ state });
    const { spec } = await first.client.create(Service, service('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_077 }] }));
    await using second = await startServer({ state });
    expect(await causesOf(second.client.create(Service, service('b', { clusterIP: spec.clusterIP as string })))).toHaveLength(1);
    expect(await causesOf(second.client.create(Service, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_077 }] })))).toHaveLength(1);
    expect((await second.client.get(Service, 'kubernetes')).metadata.uid).toBe((await first.client.get(Service, 'kubernetes')).metadata.uid);
  });

  it('of two servers over one store never have the same address or port, however they race', async () => {
    const state = createMemoryStore();
    await using first = await startServer({ state, serviceCidr: '10.7.0.0/26' });
    await using second = await startServer({ state, serviceCidr: '10.7.0.0/26' });
    const clients = [first.client, second.client];
    const wanted = Array.from({ length: 40 }, (_, i) => i);
    const made = await Promise.all(wanted.map((i) => (clients[i % 2] as typeof first.client).create(Service, service(`s${String(i)}`, { type: 'NodePort' }))));
    expect(new Set(made.map(({ spec }) => spec.clusterIP)).size).toBe(40);
    expect(new Set(made.map(({ spec }) => spec.ports?.[0]?.nodePort)).size).toBe(40);
    const { items } = await first.client.list(IPAddress);
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([...made.map(({ spec }) => spec.clusterIP as string), '10.7.0.1'].sort());
    expect(items.find(({ metadata }) => metadata.name === made[3]?.spec.clusterIP)).toMatchObject({
      metadata: { labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
      spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 's3' } },
    });
    const asked = { clusterIP: '10.7.0.9' };
    await Promise.all(made.map(({ metadata }, i) => (clients[(i + 1) % 2] as typeof first.client).delete(Service, metadata.name)));
    expect((await first.client.list(IPAddress)).items.map(({ metadata }) => metadata.name)).toEqual(['10.7.0.1']);
    const results = await Promise.allSettled(clients.map((client, i) => client.create(Service, service(`both-${String(i)}`, asked))));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 422, message: expect.stringContaining('provided IP is already allocated') as string },
    });
  });

  it('get claims when they are from before there were any', async () => {
    const state = createMemoryStore();
    await using first = await startServer({ state });
    const { spec } = await first.client.create(Service, service('a'));
    await first.client.delete(IPAddress, spec.clusterIP as string);
    await using second = await startServer({ state });
    expect(await second.client.get(IPAddress, spec.clusterIP as string)).toMatchObject({ spec: { parentRef: { name: 'a' } } });
  });
});
