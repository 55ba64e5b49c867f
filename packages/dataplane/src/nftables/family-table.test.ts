import { readFile, writeFile } from 'node:fs/promises';
import type { EndpointSlice, NetworkPolicy, Service } from '@kybern/core/kinds';
import { serviceRules, type ServiceRule } from '@kybern/netmodel';
import { caseEnds } from '@kybern/netmodel/conformance';
import { describe, expect, it } from 'vitest';
import { createFamilyTable } from './family-table.ts';
import { readTable } from './read-back.ts';
import { tableScript } from './table.ts';

const slices = (name: string, ips: readonly string[], nodeName = 'n1'): readonly EndpointSlice[] => [
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'web', name: `${name}-1` },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: ips.map((ip) => ({ addresses: [ip], nodeName })),
  },
];
const rules = (name: string, spec: Service['spec'], ips: readonly string[], nodeName?: string): readonly ServiceRule[] =>
  serviceRules({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'web', name }, spec }, slices(name, ips, nodeName), { nodeName: 'n1' });
const clusterIp = (i: number): Service['spec'] => ({ clusterIP: `10.96.0.${String(i)}`, clusterIPs: [`10.96.0.${String(i)}`], ports: [{ port: 80 }] });

const OPTIONS = { table: 'kybern', keepSourceMark: 0x8000, podCidrs: ['10.200.0.0/16', 'fd00::/64'], nodeName: 'n1' };
const EMPTY = { chains: new Set(['shape_1']), objects: new Map<string, ReadonlyMap<string, string>>() };

/** Compares with a file; `UPDATE_GOLDENS=1` writes it anew. */
async function golden(name: string, text: string): Promise<void> {
  const file = new URL(`../../testdata/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDENS === '1') await writeFile(file, text);
  expect(text).toBe(await readFile(file, 'utf8'));
}

/** One element a line, so that a difference can be read. */
const readable = (script: string): string =>
  script.replaceAll(/^((?:add|delete) element .*) \{ (.*) \}$/gm, (_, head: string, body: string) => `${head} {\n  ${body.split(', ').join('\n  ')}\n}`);

describe('createFamilyTable', () => {
  it.each(['ip', 'ip6'] as const)('makes a table of a few rules for all Services: %s', async (family) => {
    await golden(`table-${family}.nft`, `${tableScript(family, OPTIONS).join('\n')}\n`);
  });

  it.each([
    { name: 'cluster-ip', spec: clusterIp(1), ips: ['10.200.1.1', '10.200.1.2', '10.200.1.3'] },
    { name: 'no-endpoints', spec: clusterIp(1), ips: [] },
    { name: 'affinity', spec: { ...clusterIp(1), sessionAffinity: 'ClientIP' as const }, ips: ['10.200.1.1', '10.200.1.2'] },
    { name: 'node-port', spec: { ...clusterIp(1), type: 'NodePort' as const, ports: [{ port: 80, nodePort: 30080 }] }, ips: ['10.200.1.1'] },
    {
      name: 'local-elsewhere',
      spec: { ...clusterIp(1), type: 'NodePort' as const, externalTrafficPolicy: 'Local' as const, ports: [{ port: 80, nodePort: 30080 }] },
      ips: ['10.200.1.1'],
      nodeName: 'n2',
    },
    {
      name: 'load-balancer',
      spec: {
        ...clusterIp(1),
        type: 'LoadBalancer' as const,
        externalIPs: ['192.0.2.1'],
        loadBalancerSourceRanges: ['198.51.100.0/24', '198.51.100.0/25'],
        ports: [{ port: 80 }],
      },
      ips: ['10.200.1.1'],
    },
  ])('makes elements of a Service: $name', async ({ name, spec, ips, nodeName }) => {
    const table = createFamilyTable('IPv4', OPTIONS);
    table.takeChanges();
    const all = rules(name, spec, ips, nodeName);
    const limited = all.map((rule) => ({
      ...rule,
      frontends: rule.frontends.map((each) =>
        each.kind === 'ExternalIP' && spec.loadBalancerSourceRanges !== undefined ? { ...each, sourceRanges: spec.loadBalancerSourceRanges } : each,
      ),
    }));
    table.setService(`web/${name}`, limited);
    await golden(`service-${name}.nft`, readable(table.takeChanges().join('')));
  });

  it('makes a chain and a set of each group of policies, and takes them away again', async () => {
    const policy = (name: string, spec: NetworkPolicy['spec']): NetworkPolicy => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'x', name },
      spec,
    });
    const policies = [
      policy('from-y', {
        podSelector: { matchLabels: { pod: 'a' } },
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }], ports: [{ port: 80 }, { port: 'serve-81-tcp' }] }],
      }),
      policy('out', { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.200.0.0/16', except: ['10.200.3.0/24'] } }] }] }),
    ];
    const table = createFamilyTable('IPv4', { ...OPTIONS, nodeName: 'node' });
    table.takeChanges();
    table.setPolicies({ policies, pods: caseEnds, nodeName: 'node' });
    const made = table.takeChanges().join('');
    table.setPolicies({ policies: [], pods: caseEnds, nodeName: 'node' });
    await golden('policies.nft', readable(`${made}# and back\n${table.takeChanges().join('')}`));
  });

  it('changes only what an endpoint that goes has, in one transaction', () => {
    const table = createFamilyTable('IPv4', OPTIONS);
    for (let i = 1; i < 50; i++) table.setService(`web/s${String(i)}`, rules('s', clusterIp(i), ['10.200.1.1', '10.200.1.2']));
    table.takeChanges();
    table.setService('web/s7', rules('s', clusterIp(7), ['10.200.1.2']));
    const scripts = table.takeChanges();
    expect(scripts).toHaveLength(1);
    expect(scripts[0]).not.toMatch(/10\.96\.0\.(?!7 )/);
    expect(scripts[0]?.match(/10\.96\.0\.7 /g)).toHaveLength(16); // 8 of 16 slots were its own
    expect(table.hasPending()).toBe(false);
    table.setService('web/s7', rules('s', clusterIp(7), ['10.200.1.2']));
    expect(table.hasPending()).toBe(false);
  });

  it('keeps nine of ten clients with session affinity where they are when one of ten endpoints goes', () => {
    const ips = Array.from({ length: 10 }, (_, i) => `10.200.1.${String(i + 1)}`);
    const sticky = { ...clusterIp(1), sessionAffinity: 'ClientIP' as const };
    const table = createFamilyTable('IPv4', OPTIONS);
    table.setService('web/s', rules('s', sticky, ips));
    table.takeChanges();
    table.setService('web/s', rules('s', sticky, ips.slice(1)));
    const moved =
      table
        .takeChanges()[0]
        ?.match(/^delete element ip kybern ext_aff256 .*$/m)?.[0]
        .split(', ').length ?? 0;
    expect(moved).toBeGreaterThan(5);
    expect(moved).toBeLessThan(50);
  });

  it('cuts what is large into transactions of at most 20,000 elements', () => {
    const table = createFamilyTable('IPv4', OPTIONS);
    const ips = Array.from({ length: 300 }, (_, i) => `10.200.${String(1 + (i >> 8))}.${String(i & 255)}`);
    for (let i = 1; i <= 6; i++) table.setService(`web/s${String(i)}`, rules('s', clusterIp(i), ips));
    const scripts = table.reconcile(undefined);
    expect(scripts.length).toBe(3);
    const counts = scripts.map((script) => script.match(/ : 10\.200/g)?.length ?? 0);
    expect(counts.reduce((a, b) => a + b)).toBe(6 * 4096);
    expect(Math.max(...counts)).toBeLessThanOrEqual(20_000);
  });

  it('changes no element when the kernel has what is wanted, removes what nobody wants, and makes anew what has another shape', () => {
    const table = createFamilyTable('IPv4', OPTIONS);
    table.setService('web/s', rules('s', clusterIp(1), ['10.200.1.1']));
    const elem = Array.from({ length: 16 }, (_, slot) => [{ concat: ['10.96.0.1', 'tcp', 80, slot] }, { concat: ['10.200.1.1', 8080] }]);
    const listed = (more: readonly object[]) =>
      readTable(
        JSON.stringify({
          nftables: [
            { chain: { name: 'shape_1' } },
            { map: { name: 'ext16', elem: [...elem, ...more] } },
            { set: { name: 'cluster', elem: [{ prefix: { addr: '10.200.0.0', len: 16 } }] } },
            { set: { name: 'hairpin', elem: [{ concat: ['10.200.1.1', '10.200.1.1'] }] } },
            { set: { name: 'cluster_ips', elem: ['10.96.0.1'] } },
            { chain: { name: 'pi_0' } },
          ],
        }),
      );
    expect(table.reconcile(listed([])).join('')).not.toContain(' element ');
    const stale = [{ concat: ['10.96.0.9', 'tcp', 80, 3] }, { concat: ['10.200.1.1', 8080] }];
    const scripts = table.reconcile(listed([stale as unknown as object])).join('');
    expect(scripts).toContain('delete element ip kybern ext16 { 10.96.0.9 . tcp . 80 . 3 }');
    expect(scripts).toContain('delete chain ip kybern pi_0');
    const anew = table.reconcile({ ...EMPTY, chains: new Set(['other']) }).join('');
    expect(anew.startsWith('delete table ip kybern\nadd table ip kybern\n')).toBe(true);
    expect(anew).toContain('add element ip kybern ext16');
  });

  it('lets what two Services claim stay with the first until it goes', () => {
    const table = createFamilyTable('IPv4', OPTIONS);
    table.setService('web/one', rules('s', clusterIp(1), ['10.200.1.1']));
    table.setService('web/two', rules('s', clusterIp(1), ['10.200.1.2']));
    expect(table.reconcile(EMPTY).join('')).not.toContain('10.200.1.2 . 8080');
    table.setService('web/one', []);
    const script = table.takeChanges().join('');
    expect(script).toContain('add element ip kybern ext16 { 10.96.0.1 . tcp . 80 . 0 : 10.200.1.2 . 8080');
    expect(script).toContain('delete element ip kybern hairpin { 10.200.1.1 . 10.200.1.1 }');
    expect(script).not.toContain('cluster_ips');
  });
});
