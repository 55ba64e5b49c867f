import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '@kybern/core/kinds';
import type { Direction } from '../policy/compile.ts';
import { caseAddress } from './policy-cluster.ts';

/** NetworkPolicies to be tried on the cluster of the cases, and what they are about. */
export interface PolicyCase {
  readonly name: string;
  readonly about: 'conflict' | 'peer' | 'policyTypes' | 'port' | 'target';
  readonly policies: readonly NetworkPolicy[];
}

type Spec = NetworkPolicy['spec'];
type Named<T> = readonly (readonly [name: string, value: T])[];

const DIRECTIONS = ['Ingress', 'Egress'] as const;

function policy(name: string, spec: Spec, namespace = 'x'): NetworkPolicy {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace, name }, spec };
}

/** A spec whose only rule has these peers and ports; undefined leaves them out. */
function oneRule(direction: Direction, peers: readonly NetworkPolicyPeer[] | undefined, ports: readonly NetworkPolicyPort[] | undefined): Spec {
  const rest = ports === undefined ? {} : { ports };
  const base = { podSelector: { matchLabels: { pod: 'a' } }, policyTypes: [direction] };
  if (direction === 'Ingress') return { ...base, ingress: [{ ...(peers === undefined ? {} : { from: peers }), ...rest }] };
  return { ...base, egress: [{ ...(peers === undefined ? {} : { to: peers }), ...rest }] };
}

const labels = (key: string, value: string) => ({ matchLabels: { [key]: value } });
const expression = (key: string, operator: string, ...values: readonly string[]) => ({
  matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }],
});
const block = (cidr: string, ...except: readonly string[]): NetworkPolicyPeer => ({ ipBlock: { cidr, ...(except.length === 0 ? {} : { except }) } });

const PEERS: Named<readonly NetworkPolicyPeer[] | undefined> = [
  ['no list', undefined],
  ['an empty list', []],
  ['every Pod of the namespace', [{ podSelector: {} }]],
  ['a Pod by label', [{ podSelector: labels('pod', 'b') }]],
  ['Pods by In', [{ podSelector: expression('pod', 'In', 'b', 'c') }]],
  ['Pods by NotIn', [{ podSelector: expression('pod', 'NotIn', 'b') }]],
  ['Pods by Exists', [{ podSelector: expression('pod', 'Exists') }]],
  ['Pods by DoesNotExist', [{ podSelector: expression('pod', 'DoesNotExist') }]],
  ['a label that nobody has', [{ podSelector: labels('pod', 'nobody') }]],
  ['every namespace', [{ namespaceSelector: {} }]],
  ['a namespace by label', [{ namespaceSelector: labels('ns', 'y') }]],
  ['a namespace by its own name', [{ namespaceSelector: labels('kubernetes.io/metadata.name', 'z') }]],
  ['namespaces by In', [{ namespaceSelector: expression('ns', 'In', 'y', 'z') }]],
  ['namespaces by NotIn', [{ namespaceSelector: expression('ns', 'NotIn', 'x') }]],
  ['Pods of a namespace', [{ namespaceSelector: labels('ns', 'y'), podSelector: labels('pod', 'b') }]],
  ['Pods of every namespace', [{ namespaceSelector: {}, podSelector: labels('pod', 'c') }]],
  ['a namespace or Pods', [{ namespaceSelector: labels('ns', 'y') }, { podSelector: labels('pod', 'c') }]],
  ['the same Pod twice', [{ podSelector: labels('pod', 'b') }, block(`${caseAddress('x', 'b')}/32`)]],
  ['a namespace by block', [block('10.200.2.0/24')]],
  ['one address', [block(`${caseAddress('z', 'c')}/32`)]],
  ['every address', [block('0.0.0.0/0')]],
  ['a block with a hole', [block('10.200.0.0/16', '10.200.2.0/24')]],
  ['a block with holes in a row', [block('10.200.0.0/16', '10.200.1.0/24', `${caseAddress('y', 'a')}/32`, `${caseAddress('y', 'b')}/32`)]],
  ['a block that is all hole', [block('10.200.2.0/24', '10.200.2.0/25', '10.200.2.128/25')]],
  ['overlapping blocks', [block('10.200.2.0/23'), block('10.200.2.0/24', `${caseAddress('y', 'a')}/32`)]],
  ['a block of the other family', [block('fd00::/8')]],
];

const PORTS: Named<readonly NetworkPolicyPort[]> = [
  ['an empty list', []],
  ['a number', [{ port: 80 }]],
  ['a number over TCP', [{ protocol: 'TCP', port: 81 }]],
  ['a number over UDP', [{ protocol: 'UDP', port: 80 }]],
  ['a number over SCTP', [{ protocol: 'SCTP', port: 80 }]],
  ['only TCP', [{ protocol: 'TCP' }]],
  ['only UDP', [{ protocol: 'UDP' }]],
  ['a name', [{ port: 'serve-80-tcp' }]],
  ['a name over UDP', [{ protocol: 'UDP', port: 'serve-81-udp' }]],
  ['a name over another protocol', [{ protocol: 'UDP', port: 'serve-80-tcp' }]],
  ['a name that nobody has', [{ port: 'nobody' }]],
  ['a range', [{ port: 80, endPort: 81 }]],
  ['a range beside', [{ port: 81, endPort: 90 }]],
  ['a range and a number in it', [{ port: 79, endPort: 82 }, { port: 80 }]],
  ['both protocols', [{ port: 80 }, { protocol: 'UDP', port: 81 }]],
];

const TARGETS: Named<NonNullable<Spec['podSelector']>> = [
  ['every Pod', {}],
  ['one Pod', labels('pod', 'b')],
  ['Pods by In', expression('pod', 'In', 'a', 'c')],
  ['Pods by NotIn', expression('pod', 'NotIn', 'a')],
  ['nobody', labels('pod', 'nobody')],
  ['both kinds of selector', { ...labels('pod', 'a'), ...expression('pod', 'Exists') }],
];

function peerCases(): readonly PolicyCase[] {
  return DIRECTIONS.flatMap((direction) =>
    PEERS.flatMap(([peer, peers]) =>
      ([undefined, [{ port: 80 }]] as const).map(
        (ports): PolicyCase => ({
          name: `${direction}, peers: ${peer}${ports === undefined ? '' : ', port 80'}`,
          about: 'peer',
          policies: [policy('one', oneRule(direction, peers, ports))],
        }),
      ),
    ),
  );
}

const PORT_PEERS: Named<readonly NetworkPolicyPeer[] | undefined> = [
  ['everybody', undefined],
  ['a namespace', [{ namespaceSelector: labels('ns', 'y') }]],
  ['a block', [block('10.200.0.0/16', '10.200.3.0/24')]],
];

function portCases(): readonly PolicyCase[] {
  return DIRECTIONS.flatMap((direction) =>
    PORTS.flatMap(([port, ports]) =>
      PORT_PEERS.map(
        ([peer, peers]): PolicyCase => ({
          name: `${direction}, ports: ${port}, for ${peer}`,
          about: 'port',
          policies: [policy('one', oneRule(direction, peers, ports))],
        }),
      ),
    ),
  );
}

function targetCases(): readonly PolicyCase[] {
  return DIRECTIONS.flatMap((direction) =>
    TARGETS.map(
      ([target, podSelector]): PolicyCase => ({
        name: `${direction}, guards ${target}`,
        about: 'target',
        policies: [policy('one', { ...oneRule(direction, [{ namespaceSelector: labels('ns', 'y') }], undefined), podSelector })],
      }),
    ),
  );
}

function policyTypesCases(): readonly PolicyCase[] {
  const types: Named<Spec['policyTypes']> = [
    ['no types', undefined],
    ['Ingress', ['Ingress']],
    ['Egress', ['Egress']],
    ['both types', ['Ingress', 'Egress']],
  ];
  const rules: Named<readonly object[] | undefined> = [
    ['absent', undefined],
    ['empty', []],
    ['open', [{}]],
  ];
  return types.flatMap(([type, policyTypes]) =>
    rules.flatMap(([into, ingress]) =>
      rules.map(
        ([out, egress]): PolicyCase => ({
          name: `${type}, ingress ${into}, egress ${out}`,
          about: 'policyTypes',
          policies: [
            policy('one', {
              podSelector: labels('pod', 'a'),
              ...(policyTypes === undefined ? {} : { policyTypes }),
              ...(ingress === undefined ? {} : { ingress }),
              ...(egress === undefined ? {} : { egress }),
            }),
          ],
        }),
      ),
    ),
  );
}

/** Several policies at once: what one allows, no other takes back; both ends must agree. */
function conflictCases(): readonly PolicyCase[] {
  const closed = (direction: Direction, namespace = 'x') =>
    policy(`closed-${direction.toLowerCase()}`, { podSelector: {}, policyTypes: [direction] }, namespace);
  const open = (direction: Direction, namespace = 'x') =>
    policy(`open-${direction.toLowerCase()}`, { podSelector: {}, policyTypes: [direction], ingress: [{}], egress: [{}] }, namespace);
  const fromY = policy('from-y', oneRule('Ingress', [{ namespaceSelector: labels('ns', 'y') }], undefined));
  const port81 = policy('port-81', oneRule('Ingress', undefined, [{ port: 81 }]));
  const toZ = policy('to-z', oneRule('Egress', [{ namespaceSelector: labels('ns', 'z') }], undefined));
  const closedBlocks = policy('blocks', oneRule('Ingress', [block('10.200.0.0/16', '10.200.2.0/24')], undefined));
  const sets: Named<readonly NetworkPolicy[]> = [
    ['closed and open, ingress', [closed('Ingress'), open('Ingress')]],
    ['closed and open, egress', [closed('Egress'), open('Egress')]],
    ['closed in both directions', [closed('Ingress'), closed('Egress')]],
    ['closed, and one namespace let in', [closed('Ingress'), fromY]],
    ['two that allow different things', [fromY, port81]],
    ['the hole of one block is allowed by another policy', [closedBlocks, fromY]],
    ['the source may, the target does not let', [toZ, closed('Ingress', 'z')]],
    ['the target lets, the source may not', [closed('Egress', 'y'), fromY]],
    ['the source may and the target lets', [toZ, open('Ingress', 'z')]],
    ['every namespace closed', [closed('Ingress'), closed('Ingress', 'y'), closed('Ingress', 'z')]],
    ['every namespace closed both ways, one open', [closed('Ingress'), closed('Egress', 'y'), closed('Ingress', 'z'), open('Ingress', 'z')]],
    ['ports of one, peers of the other', [port81, policy('from-b', oneRule('Ingress', [{ podSelector: labels('pod', 'b') }], [{ port: 80 }]))]],
    ['the same policy twice under two names', [fromY, { ...fromY, metadata: { ...fromY.metadata, name: 'again' } }]],
    [
      'TCP by one, UDP by another',
      [policy('tcp', oneRule('Ingress', undefined, [{ protocol: 'TCP' }])), policy('udp', oneRule('Ingress', [{ podSelector: {} }], [{ protocol: 'UDP' }]))],
    ],
    ['only SCTP allowed closes TCP and UDP', [policy('sctp', oneRule('Ingress', undefined, [{ protocol: 'SCTP' }]))]],
    ['both directions of the same Pod', [fromY, toZ]],
  ];
  return sets.map(([name, policies]) => ({ name, about: 'conflict', policies }));
}

/** Every case: more than 200, each with a name of its own. */
export function networkPolicyCases(): readonly PolicyCase[] {
  return [...peerCases(), ...portCases(), ...targetCases(), ...policyTypesCases(), ...conflictCases()];
}
