import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { createPolicySet, serviceRules, verdict, type ServiceRule } from '@kybern/netmodel';
import { caseAddress, caseEnds, casePods, CASE_PORTS, networkPolicyCases } from '@kybern/netmodel/conformance';
import { createNftables, type Nftables } from '@kybern/dataplane';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoNetns } from './netns.ts';
import { createPodNetwork, type PodNetwork } from './pod-network.ts';

const why = whyNoNetns();
if (why !== undefined) process.stderr.write(`skipped: the kernel's tables: ${why}\n`);

const VIP = '10.96.0.7';
const [A, B, C] = [caseAddress('x', 'a'), caseAddress('x', 'b'), caseAddress('x', 'c')];
const nameOf = (namespace = '', name = ''): string => `${namespace}/${name}`;

const rules = (ips: readonly string[], spec: Partial<Service['spec']> = {}, protocol: 'TCP' | 'UDP' = 'TCP', nodeName = 'node'): readonly ServiceRule[] => {
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'x', name: 's' },
    spec: { clusterIP: VIP, clusterIPs: [VIP], ports: [{ port: 8000, protocol }], ...spec },
  };
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'x', name: 's-1' },
    addressType: 'IPv4',
    ports: [{ name: '', port: 80, protocol }],
    endpoints: ips.map((ip) => ({ addresses: [ip], nodeName })),
  };
  return serviceRules(service, [slice], { nodeName: 'node' });
};

describe.skipIf(why !== undefined)('the kernel with our tables', () => {
  let network: PodNetwork;
  let tables: Nftables;
  let stop: AbortController;
  let running: Promise<void>;
  const start = (): void => {
    stop = new AbortController();
    tables = createNftables({ nodeName: 'node', podCidrs: ['10.200.0.0/16'], nft: network.node.nft });
  };
  beforeAll(async () => {
    network = await createPodNetwork(Object.fromEntries(casePods.map((pod) => [nameOf(pod.metadata.namespace, pod.metadata.name), pod.status?.podIP ?? ''])));
    start();
    running = tables.run(stop.signal);
    await tables.applied();
  }, 120_000);
  afterAll(async () => {
    stop.abort();
    await running;
    await network[Symbol.asyncDispose]();
  }, 60_000);

  const set = async (...given: Parameters<typeof rules>): Promise<void> => {
    tables.setService('x/s', rules(...given));
    await tables.applied();
  };
  const vip = (from: string, protocol: 'TCP' | 'UDP' = 'TCP', timeoutMs?: number): Promise<string> =>
    network.ask(from, { ip: VIP, port: 8000, protocol }, timeoutMs);
  const many = async (from: string, count = 40): Promise<ReadonlySet<string>> =>
    new Set((await Promise.all(Array.from({ length: count }, () => vip(from)))).map((answer) => answer.split(' ')[0] ?? ''));

  it('brings a ClusterIP to its endpoints, from a Pod and from the node', { timeout: 60_000 }, async () => {
    await set([A, B]);
    expect(await many('y/a')).toEqual(new Set(['x/a', 'x/b']));
    expect(await many('node')).toEqual(new Set(['x/a', 'x/b']));
    expect(await vip('y/b')).toMatch(new RegExp(`^x/. to ${caseAddress('y', 'b')}$`)); // Pods are seen with their own address
  });

  it('lets a Pod reach itself through the Service', { timeout: 60_000 }, async () => {
    await set([A]);
    expect(await vip('x/a')).toMatch(/^x\/a to /);
  });

  it('sends nothing to an endpoint that is gone', { timeout: 60_000 }, async () => {
    await set([A, B]);
    await set([B]);
    expect(await many('y/a')).toEqual(new Set(['x/b']));
  });

  it('refuses at once when there is no endpoint, over TCP and UDP', { timeout: 60_000 }, async () => {
    await set([]);
    expect(await vip('y/a')).toBe('ECONNREFUSED');
    expect(await vip('node')).toBe('ECONNREFUSED');
    await set([], {}, 'UDP');
    expect(await vip('y/a', 'UDP')).toBe('ECONNREFUSED');
  });

  it('carries UDP', { timeout: 60_000 }, async () => {
    await set([A], {}, 'UDP');
    expect(await vip('y/a', 'UDP')).toBe(`x/a to ${caseAddress('y', 'a')}`);
  });

  it('keeps a client with its endpoint under session affinity', { timeout: 60_000 }, async () => {
    await set([A, B, C], { sessionAffinity: 'ClientIP' });
    for (const from of ['y/a', 'y/b', 'y/c', 'z/a']) expect((await many(from, 12)).size).toBe(1);
    const before = await many('y/a', 1);
    const gone = [A, B, C].filter((ip) => !before.has(nameOf('x', 'abc'[[A, B, C].indexOf(ip)])))[0];
    await set(
      [A, B, C].filter((ip) => ip !== gone),
      { sessionAffinity: 'ClientIP' },
    );
    expect(await many('y/a', 12)).toEqual(before);
  });

  it('answers a NodePort at the addresses of the node, and drops what is Local and elsewhere', { timeout: 60_000 }, async () => {
    const ports = [{ port: 8000, nodePort: 30080 }];
    const nodePort = (timeoutMs?: number): Promise<string> => network.ask('y/a', { ip: '192.0.2.1', port: 30080, protocol: 'TCP' }, timeoutMs);
    await set([A], { type: 'NodePort', ports });
    expect(await nodePort()).toMatch(/^x\/a to /);
    tables.setService('x/s', rules([A], { type: 'NodePort', externalTrafficPolicy: 'Local', ports }, 'TCP', 'elsewhere').map(fromOutside));
    await tables.applied();
    expect(await nodePort(1500)).toBe('timeout');
  });

  it('lets in only the source ranges of a load balancer', { timeout: 60_000 }, async () => {
    const limited = (range: string): readonly ServiceRule[] =>
      rules([A], { externalIPs: ['198.51.100.1'] }).map((rule) => ({
        ...rule,
        frontends: rule.frontends.map((each) => (each.kind === 'ExternalIP' ? { ...each, sourceRanges: [range] } : each)),
      }));
    const ask = (from: string, timeoutMs?: number) => network.ask(from, { ip: '198.51.100.1', port: 8000, protocol: 'TCP' }, timeoutMs);
    tables.setService('x/s', limited('10.200.2.0/24'));
    await tables.applied();
    expect(await ask('y/a')).toMatch(/^x\/a/);
    expect(await ask('z/a', 1500)).toBe('timeout');
  });

  it('takes up what the kernel holds when it starts again: nothing is interrupted, what is stale goes', { timeout: 60_000 }, async () => {
    await set([A]);
    stop.abort();
    await running;
    network.node.shell(`nft 'add element ip kybern ext16 { 10.96.0.99 . tcp . 80 . 3 : 10.200.1.1 . 80 }'`);
    const handles = network.node.shell('nft -a list chain ip kybern refuse; nft list map ip kybern ext16 | grep -c 10.96.0.7');
    const applied: string[] = [];
    start();
    const { nft } = network.node;
    const noting = { ...nft, apply: (script: string) => (applied.push(script), nft.apply(script)) };
    tables = createNftables({ nodeName: 'node', podCidrs: ['10.200.0.0/16'], nft: noting });
    tables.setService('x/s', rules([A]));
    running = tables.run(stop.signal);
    await tables.applied();
    expect(handles).toContain('refuse');
    expect(applied.join('').match(/^(add|delete) element .*/gm)).toEqual(['delete element ip kybern ext16 { 10.96.0.99 . tcp . 80 . 3 }']);
    expect(await vip('y/a')).toMatch(/^x\/a/);
  });

  it('puts the tables right when somebody took them away', { timeout: 60_000 }, async () => {
    await set([A]);
    network.node.shell('nft delete table ip kybern');
    await set([A, B]);
    expect(await many('y/a')).toEqual(new Set(['x/a', 'x/b']));
  });

  // Every 20th of the cases; which ones changes with the day, so that over time all of them meet a kernel.
  const day = Math.floor(Date.now() / 86_400_000);
  const sampled = networkPolicyCases().filter((_, i) => i % 20 === day % 20);
  it.each(sampled)('enforces what the model says: $name', { timeout: 120_000 }, async ({ policies }) => {
    tables.setPolicies({ policies, pods: caseEnds });
    await tables.applied();
    const modelled = createPolicySet(policies);
    const ports = CASE_PORTS.map(({ port, protocol }) => ({ port, protocol: protocol === 'UDP' ? ('UDP' as const) : ('TCP' as const) }));
    const tries = caseEnds.flatMap((from) => caseEnds.flatMap((to) => ports.map((port) => ({ from, to, port }))));
    const results = await Promise.all(
      tries.map(async ({ from, to, port }) => {
        const [source, target] = [from, to].map(({ pod }) => nameOf(pod.metadata.namespace, pod.metadata.name));
        const { allowed } = verdict(modelled, from, to, port);
        const ask = (timeoutMs: number) => network.ask(source ?? '', { ip: to.pod.status?.podIP ?? '', ...port }, timeoutMs);
        // What must be denied is given little time; what must be allowed is given as much as a busy machine may need.
        const answer = await ask(allowed ? 30_000 : 400);
        return {
          what: `${source ?? ''} to ${target ?? ''} ${String(port.port)}/${port.protocol}`,
          allowed: answer.startsWith(`${target ?? ''} `),
          wanted: allowed,
        };
      }),
    );
    expect(results.filter(({ allowed, wanted }) => allowed !== wanted)).toEqual([]);
    tables.setPolicies({ policies: [], pods: caseEnds });
    await tables.applied();
    expect(network.node.shell('nft list chains').match(/chain p[ei]_/g)).toBeNull();
  });
});

/** The rules as a client from outside of the cluster meets them: the test's clients are all Pods. */
const fromOutside = (rule: ServiceRule): ServiceRule => ({ ...rule, frontends: rule.frontends.map((each) => ({ ...each, internal: each.external })) });
