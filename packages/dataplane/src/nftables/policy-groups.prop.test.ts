import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, Pod } from '@kybern/core/kinds';
import { createPolicySet, parseIp, verdict, type IpAddress, type IpFamily, type PodEnd } from '@kybern/netmodel';
import { caseEnds, CASE_PORTS, networkPolicyCases } from '@kybern/netmodel/conformance';
import { policyGroups, type PolicyGroups } from './policy-groups.ts';

/** What the kernel would make of a packet, by the elements alone. Also fails when two of a set's elements overlap, as the kernel does. */
function passes(
  { groups, isolated }: PolicyGroups,
  from: string,
  to: string,
  { port, protocol }: { readonly port: number; readonly protocol: string },
): boolean {
  if (from === to) return true;
  const lets = (group: string | undefined, peer: string): boolean => {
    if (group === undefined) return true;
    const hits = [...(groups.get(group)?.allowed.keys() ?? [])].filter((element) => {
      const [addresses = '', protocols = '', ports = ''] = element.split(' . ');
      return inText(addresses, peer) && (protocols === '0-255' || protocols === protocol.toLowerCase()) && inNumbers(ports, port);
    });
    expect(hits.length).toBeLessThanOrEqual(1);
    return hits.length === 1;
  };
  return lets(isolated.Egress.get(from), to) && lets(isolated.Ingress.get(to), from);
}

function inNumbers(text: string, value: number): boolean {
  const [first = '', last = first] = text.split('-');
  return value >= Number(first) && value <= Number(last);
}

const must = (text: string): IpAddress => parseIp(text) ?? { family: 'IPv4', value: -1n };
function inText(text: string, ip: string): boolean {
  const { value, family } = must(ip);
  if (text.includes('/')) {
    const [base = '', length = ''] = text.split('/');
    const shift = BigInt((family === 'IPv4' ? 32 : 128) - Number(length));
    return must(base).value >> shift === value >> shift;
  }
  const [first = '', last = first] = text.split('-');
  return value >= must(first).value && value <= must(last).value;
}

function agree(
  policies: readonly NetworkPolicy[],
  pods: readonly PodEnd[],
  ports: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP' }[],
  family: IpFamily,
): void {
  const compiled = policyGroups({ policies, pods }, family);
  const set = createPolicySet(policies);
  const ipOf = ({ pod }: PodEnd): string => pod.status?.podIPs?.find(({ ip }) => must(ip).family === family)?.ip ?? '';
  for (const from of pods) {
    for (const to of pods) {
      for (const port of ports) {
        const what = `${ipOf(from)} to ${ipOf(to)} ${String(port.port)}/${port.protocol}`;
        expect({ what, allowed: passes(compiled, ipOf(from), ipOf(to), port) }).toEqual({ what, allowed: verdict(set, from, to, port).allowed });
      }
    }
  }
}

describe('policyGroups', () => {
  const ports = CASE_PORTS.map(({ port, protocol }) => ({ port, protocol: protocol === 'UDP' ? ('UDP' as const) : ('TCP' as const) }));

  it.each(networkPolicyCases())('says in elements what the model says: $name', ({ policies }) => {
    agree(policies, caseEnds, ports, 'IPv4');
  });

  it('agrees with the model on random clusters, in both families', () => {
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 5 }), fc.constantFrom<IpFamily>('IPv4', 'IPv6'), (given, family) => {
        const policies = given.map((each, i) => ({ ...each, metadata: { ...each.metadata, name: `p${String(i)}` } }));
        agree(policies, podsOf(family), ports, family);
      }),
      { numRuns: 150 },
    );
  });
});

/** With an address in one family only: of a Pod with two the model asks whether any of them is in a block, the kernel about the one that is used. */
const podsOf = (family: IpFamily): readonly PodEnd[] =>
  ['x', 'y', 'z'].flatMap((namespace, i) =>
    ['a', 'b', 'c'].map((name, j): PodEnd => {
      const pod: Pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name, labels: { pod: name } },
        spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: name === 'c' ? 81 : 80 }] }] },
        status: { podIPs: [{ ip: family === 'IPv4' ? `10.0.${String(i)}.${String(j + 1)}` : `fd00::${String(i + 1)}:${String(j + 1)}` }] },
      };
      return { pod, namespaceLabels: { ns: namespace } };
    }),
  );

const podSelector = fc.constantFrom({}, { matchLabels: { pod: 'a' } }, { matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['a'] }] });
const namespaceSelector = fc.constantFrom({}, { matchLabels: { ns: 'x' } }, { matchExpressions: [{ key: 'ns', operator: 'In', values: ['y', 'z'] }] });
const peer: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof(
  podSelector.map((selector) => ({ podSelector: selector })),
  namespaceSelector.map((selector) => ({ namespaceSelector: selector })),
  fc.record({ podSelector, namespaceSelector }),
  fc.constantFrom('10.0.0.0/23', '10.0.1.0/24', '10.0.1.2/32', '0.0.0.0/0', 'fd00::1:0/112').map((cidr) => ({ ipBlock: { cidr } })),
  fc.constant({ ipBlock: { cidr: '10.0.0.0/22', except: ['10.0.1.0/31', '10.0.2.3/32'] } }),
  fc.constant({ ipBlock: { cidr: 'fd00::/64', except: ['fd00::1:0/127'] } }),
);
const port: fc.Arbitrary<NetworkPolicyPort> = fc.constantFrom<NetworkPolicyPort>(
  { port: 80 },
  { port: 'web' },
  { protocol: 'UDP' },
  { protocol: 'TCP' },
  { port: 80, endPort: 81 },
  { port: 70, endPort: 80 },
  { protocol: 'UDP', port: 80 },
);
const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> => fc.array(item, { maxLength: 3 });
const policy: fc.Arbitrary<NetworkPolicy> = fc
  .record({
    namespace: fc.constantFrom('x', 'y', 'z'),
    podSelector,
    policyTypes: fc.constantFrom<readonly ('Egress' | 'Ingress')[]>(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
    ingress: list(fc.record({ from: list(peer), ports: list(port) })),
    egress: list(fc.record({ to: list(peer), ports: list(port) })),
  })
  .map(({ namespace, ...spec }) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace, name: 'p' }, spec }));
