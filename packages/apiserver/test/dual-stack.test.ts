import { IPAddress, Service, ServiceCIDR, type ServiceSpec } from '@kybern/core/kinds';
import { createMemoryStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import { causesOf, startServer } from './fixtures.ts';

const BOTH = '10.7.0.0/24,fd00:7::/108';
const V4 = /^10\.7\.0\.\d+$/;
const V6 = /^fd00:7::[\da-f:]+$/;
const service = (name: string, spec: Partial<ServiceSpec> = {}): { metadata: { name: string }; spec: ServiceSpec } => ({
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

describe('Services of a cluster with two families', () => {
  it.each<{ name: string; spec: Partial<ServiceSpec>; families: readonly string[]; ips: readonly RegExp[]; policy: string }>([
    { name: 'nothing said', spec: {}, families: ['IPv4'], ips: [V4], policy: 'SingleStack' },
    { name: 'the other family', spec: { ipFamilies: ['IPv6'] }, families: ['IPv6'], ips: [V6], policy: 'SingleStack' },
    { name: 'an address of the other family', spec: { clusterIP: 'fd00:7::9' }, families: ['IPv6'], ips: [/^fd00:7::9$/], policy: 'SingleStack' },
    { name: 'both if there are', spec: { ipFamilyPolicy: 'PreferDualStack' }, families: ['IPv4', 'IPv6'], ips: [V4, V6], policy: 'PreferDualStack' },
    { name: 'both in any case', spec: { ipFamilyPolicy: 'RequireDualStack' }, families: ['IPv4', 'IPv6'], ips: [V4, V6], policy: 'RequireDualStack' },
    {
      name: 'both, the other first',
      spec: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] },
      families: ['IPv6', 'IPv4'],
      ips: [V6, V4],
      policy: 'RequireDualStack',
    },
    {
      name: 'both, with addresses',
      spec: { ipFamilyPolicy: 'RequireDualStack', clusterIPs: ['fd00:7::10', '10.7.0.10'] },
      families: ['IPv6', 'IPv4'],
      ips: [/^fd00:7::10$/, /^10\.7\.0\.10$/],
      policy: 'RequireDualStack',
    },
    {
      name: 'both, with one address',
      spec: { ipFamilyPolicy: 'PreferDualStack', clusterIP: '10.7.0.11' },
      families: ['IPv4', 'IPv6'],
      ips: [/^10\.7\.0\.11$/, V6],
      policy: 'PreferDualStack',
    },
    { name: 'no address', spec: { clusterIP: 'None' }, families: ['IPv4'], ips: [/^None$/], policy: 'SingleStack' },
    {
      name: 'no address and no selector',
      spec: { clusterIP: 'None', selector: {} },
      families: ['IPv4', 'IPv6'],
      ips: [/^None$/],
      policy: 'RequireDualStack',
    },
  ])('with $name', async ({ spec, families, ips, policy }) => {
    await using server = await startServer({ serviceCidr: BOTH });
    const created = (await server.client.create(Service, service('a', spec))).spec;
    expect([created.ipFamilies, created.ipFamilyPolicy]).toEqual([families, policy]);
    expect(created.clusterIPs).toEqual(ips.map((pattern) => expect.stringMatching(pattern) as string));
    expect(created.clusterIP).toBe(created.clusterIPs?.[0]);
  });

  it('are raised to two families and lowered to one, and what they let go of is free', async () => {
    const state = createMemoryStore();
    await using server = await startServer({ state, serviceCidr: BOTH });
    const { client } = server;
    const [first] = (await client.create(Service, service('a'))).spec.clusterIPs ?? [];
    const set = async (spec: Partial<ServiceSpec>): Promise<ServiceSpec> =>
      (await client.patch(Service, 'a', { type: 'merge', patch: { spec } as never })).spec;
    const raised = await set({ ipFamilyPolicy: 'PreferDualStack' });
    expect(raised).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [first, expect.stringMatching(V6)] });
    const second = raised.clusterIPs?.[1] ?? '';
    expect((await client.list(IPAddress)).items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining([first, second]));
    // An update that says nothing of families keeps them.
    const kept = await client.update(Service, service('a', { ports: [{ port: 81 }] }));
    expect(kept.spec).toMatchObject({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [first, second] });
    const other = await causesOf(set({ clusterIPs: [first ?? '', 'fd00:7::99'] }));
    expect(other).toEqual([`spec.clusterIPs[1]: Invalid value: ["${first ?? ''}","fd00:7::99"]: may not change once set`]);
    const lowered = await set({ ipFamilyPolicy: 'SingleStack' });
    expect(lowered).toMatchObject({ ipFamilies: ['IPv4'], clusterIPs: [first] });
    expect((await client.create(Service, service('b', { clusterIP: second }))).spec.clusterIP).toBe(second);
  });

  it.each<{ name: string; cidr?: string; spec: Partial<ServiceSpec>; causes: readonly string[] }>([
    {
      name: 'two families where there is one',
      cidr: '10.7.0.0/24',
      spec: { ipFamilyPolicy: 'RequireDualStack' },
      causes: ['spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'],
    },
    {
      name: 'a family that there is not',
      cidr: '10.7.0.0/24',
      spec: { ipFamilies: ['IPv6'] },
      causes: ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    },
    {
      name: 'an address of the wrong family',
      spec: { ipFamilies: ['IPv6'], clusterIP: '10.7.0.9' },
      causes: ['spec.clusterIPs[0]: Invalid value: ["10.7.0.9"]: expected an IPv6 value as indicated by `ipFamilies[0]`'],
    },
    {
      name: 'two addresses of one family',
      spec: { ipFamilyPolicy: 'PreferDualStack', clusterIPs: ['10.7.0.8', '10.7.0.9'], ipFamilies: ['IPv4'] },
      causes: [
        'spec.ipFamilies[1]: Duplicate value: "IPv4"',
        'spec.clusterIPs: Invalid value: ["10.7.0.8","10.7.0.9"]: may specify no more than one IP for each IP family',
      ],
    },
    {
      name: 'two families of which it takes one',
      spec: { ipFamilies: ['IPv4', 'IPv6'] },
      causes: ['spec.ipFamilyPolicy: Invalid value: "SingleStack": must be RequireDualStack or PreferDualStack when multiple IP families are specified'],
    },
  ])('may not ask for $name', async ({ cidr = BOTH, spec, causes }) => {
    await using server = await startServer({ serviceCidr: cidr });
    expect(await causesOf(server.client.create(Service, service('a', spec)))).toEqual(causes);
  });

  it('may prefer two families where there is one', async () => {
    await using server = await startServer();
    const { spec } = await server.client.create(Service, service('a', { ipFamilyPolicy: 'PreferDualStack' }));
    expect(spec).toMatchObject({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'PreferDualStack', clusterIPs: [spec.clusterIP] });
  });

  it('know the ranges by the ServiceCIDR of the cluster; there is at most one of each family', async () => {
    await using server = await startServer({ serviceCidr: BOTH, authorization: 'rbac' });
    expect((await server.client.get(ServiceCIDR, 'kubernetes')).spec?.cidrs).toEqual(BOTH.split(','));
    await expect(startServer({ serviceCidr: '10.0.0.0/24,10.1.0.0/24' })).rejects.toThrow('at most one range of each family');
  });
});
