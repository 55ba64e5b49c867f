import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, Pod } from '@kybern/core/kinds';
import { reachability } from './reachability.ts';
import { createPolicySet, verdict } from './verdict.ts';

const NAMESPACES = ['x', 'y', 'z'];
const NAMES = ['a', 'b', 'c'];
const PODS: readonly Pod[] = NAMESPACES.flatMap((namespace, i) =>
  NAMES.map(
    (name, j): Pod => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels: { pod: name } },
      spec: {
        nodeName: `n${String(j % 2)}`,
        hostNetwork: namespace === 'z' && name === 'c',
        containers: [{ name: 'main', ports: [{ name: 'web', containerPort: name === 'c' ? 81 : 80 }] }],
      },
      status: { podIP: `10.0.${String(i)}.${String(j)}` },
    }),
  ),
);
const namespaceLabels = (name: string): Record<string, string> => ({ ns: name, team: name === 'x' ? 'red' : 'blue' });
const end = (pod: Pod) => ({ pod, namespaceLabels: namespaceLabels(pod.metadata.namespace ?? '') });

const podSelector = fc.oneof(
  fc.constant({}),
  fc.constantFrom(...NAMES).map((name) => ({ matchLabels: { pod: name } })),
  fc.constant({ matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['a'] }] }),
);
const namespaceSelector = fc.oneof(
  fc.constant({}),
  fc.constantFrom('red', 'blue').map((team) => ({ matchLabels: { team } })),
);
const peer: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof(
  podSelector.map((selector) => ({ podSelector: selector })),
  namespaceSelector.map((selector) => ({ namespaceSelector: selector })),
  fc.record({ podSelector, namespaceSelector }),
  fc.constantFrom('10.0.0.0/23', '10.0.1.0/24').map((cidr) => ({ ipBlock: { cidr, except: ['10.0.1.0/31'] } })),
);
const port: fc.Arbitrary<NetworkPolicyPort> = fc.oneof(
  fc.constantFrom(80, 81, 'web').map((value) => ({ port: value })),
  fc.constantFrom<NetworkPolicyPort>({ protocol: 'UDP' }, { port: 80, endPort: 81 }, { protocol: 'UDP', port: 80 }),
);
const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> => fc.array(item, { maxLength: 2 });
const policy: fc.Arbitrary<NetworkPolicy> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.string({ minLength: 1, maxLength: 3 }),
    selector: podSelector,
    types: fc.constantFrom<readonly ('Egress' | 'Ingress')[] | undefined>(undefined, ['Ingress'], ['Egress'], ['Ingress', 'Egress']),
    ingress: fc.option(list(fc.record({ from: list(peer), ports: list(port) })), { nil: undefined }),
    egress: fc.option(list(fc.record({ to: list(peer), ports: list(port) })), { nil: undefined }),
  })
  .map(({ namespace, name, selector, types, ingress, egress }) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name },
    spec: {
      podSelector: selector,
      ...(types === undefined ? {} : { policyTypes: types }),
      ...(ingress === undefined ? {} : { ingress }),
      ...(egress === undefined ? {} : { egress }),
    },
  }));

const PORTS = [{ port: 80 }, { port: 81 }, { port: 'web' }, { port: 80, protocol: 'UDP' }] as const;

describe('reachability', () => {
  it('agrees with the verdict of every pair', () => {
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 5 }), (policies) => {
        const set = createPolicySet(policies);
        for (const [index, matrix] of reachability({ pods: PODS, policies, namespaceLabels, ports: PORTS }).entries()) {
          const asked = PORTS[index] ?? PORTS[0];
          let pairs = 0;
          for (const [i, from] of PODS.entries()) {
            for (const [j, to] of PODS.entries()) {
              const { allowed } = verdict(set, end(from), end(to), asked);
              expect(matrix.allowed(i, j), `${matrix.pods[i] ?? ''} to ${matrix.pods[j] ?? ''}`).toBe(allowed);
              if (allowed && i !== j) pairs++;
            }
          }
          expect(matrix.allowedPairs).toBe(pairs);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('never grows by a policy for Pods that others guard in the same directions, unless its own rules allow it', () => {
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 4 }), policy, (policies, added) => {
        const closed: NetworkPolicy = { ...added, spec: { ...added.spec, ingress: [], egress: [], policyTypes: ['Ingress', 'Egress'] } };
        const before = reachability({ pods: PODS, policies, namespaceLabels, ports: PORTS });
        const after = reachability({ pods: PODS, policies: [...policies, closed], namespaceLabels, ports: PORTS });
        for (const [index, matrix] of after.entries()) {
          for (const i of PODS.keys()) for (const j of PODS.keys()) if (matrix.allowed(i, j)) expect(before[index]?.allowed(i, j)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
