import type { Node, Pod, PodSpec, PodStatus, Service, ServiceSpec } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { computeEndpoints } from './endpoints.ts';

const service = (spec: Partial<ServiceSpec> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], ipFamilies: ['IPv4'], ...spec },
});

interface Facts {
  readonly ready?: boolean;
  readonly deleting?: boolean;
  readonly spec?: Partial<PodSpec>;
  readonly status?: Partial<PodStatus>;
}
const pod = (name: string, ip: string, { ready = true, deleting = false, spec, status }: Facts = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  spec: { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }] }], ...spec },
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], ...status },
});
const node = (name: string, zone?: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone } },
  spec: {},
});

it('a ready Pod is an endpoint', () => {
  expect(computeEndpoints(service(), [pod('a', '10.0.0.1', { spec: { nodeName: 'n1' } })], { node: () => node('n1', 'z1') })).toEqual([
    {
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'n1',
          zone: 'z1',
          targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
        },
      ],
    },
  ]);
});

it.each<{ name: string; facts: Facts; publish?: boolean; expected: object | undefined }>([
  { name: 'ready', facts: {}, expected: { ready: true, serving: true, terminating: false } },
  { name: 'not ready', facts: { ready: false }, expected: { ready: false, serving: false, terminating: false } },
  { name: 'ready and terminating', facts: { deleting: true }, expected: { ready: false, serving: true, terminating: true } },
  { name: 'not ready and terminating', facts: { ready: false, deleting: true }, expected: { ready: false, serving: false, terminating: true } },
  { name: 'not ready, published all the same', facts: { ready: false }, publish: true, expected: { ready: true, serving: false, terminating: false } },
  { name: 'terminating, published all the same', facts: { deleting: true }, publish: true, expected: { ready: true, serving: true, terminating: true } },
  { name: 'failed', facts: { status: { phase: 'Failed' } }, expected: undefined },
  { name: 'succeeded', facts: { status: { phase: 'Succeeded' } }, expected: undefined },
])('conditions of a Pod that is $name', ({ facts, publish = false, expected }) => {
  const groups = computeEndpoints(service({ publishNotReadyAddresses: publish }), [pod('a', '10.0.0.1', facts)]);
  expect(groups[0]?.endpoints[0]?.conditions).toEqual(expected);
});

it('a Pod without an address is none', () => {
  expect(computeEndpoints(service(), [pod('a', '', { status: { podIP: '', podIPs: [] } })])).toEqual([]);
});

it('a named target port may differ from Pod to Pod', () => {
  const other = pod('b', '10.0.0.2', { spec: { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 9090 }] }] } });
  const udp = pod('c', '10.0.0.3', { spec: { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 53, protocol: 'UDP' }] }] } });
  const sidecar = pod('d', '10.0.0.4', {
    spec: {
      containers: [{ name: 'main' }],
      initContainers: [
        { name: 'init', ports: [{ name: 'http', containerPort: 1 }] },
        { name: 'proxy', restartPolicy: 'Always', ports: [{ name: 'http', containerPort: 8080 }] },
      ],
    },
  });
  const groups = computeEndpoints(service({ ports: [{ name: 'web', port: 80, targetPort: 'http', appProtocol: 'h2c' }] }), [
    pod('a', '10.0.0.1'),
    other,
    udp,
    sidecar,
  ]);
  expect(groups.map((group) => [group.ports, group.endpoints.map((endpoint) => endpoint.targetRef?.name)])).toEqual([
    [[{ name: 'web', port: 8080, protocol: 'TCP', appProtocol: 'h2c' }], ['a', 'd']],
    [[{ name: 'web', port: 9090, protocol: 'TCP', appProtocol: 'h2c' }], ['b']],
    [[], ['c']],
  ]);
});

it('both families of a dual-stack Service', () => {
  const dual = pod('a', '10.0.0.1', { status: { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } });
  const groups = computeEndpoints(service({ ipFamilies: ['IPv4', 'IPv6'] }), [dual]);
  expect(groups.map((group) => [group.addressType, group.endpoints[0]?.addresses])).toEqual([
    ['IPv4', ['10.0.0.1']],
    ['IPv6', ['fd00::1']],
  ]);
});

it('a headless Service without ports has endpoints without ports', () => {
  const groups = computeEndpoints(service({ clusterIP: 'None', ports: [] }), [pod('a', '10.0.0.1')]);
  expect(groups).toMatchObject([{ ports: [], endpoints: [{ addresses: ['10.0.0.1'] }] }]);
});

it('a Pod has a hostname when it is in the subdomain of the Service', () => {
  const named = (subdomain: string): Pod => pod('a', '10.0.0.1', { spec: { hostname: 'a-0', subdomain } });
  expect(computeEndpoints(service(), [named('web')])[0]?.endpoints[0]?.hostname).toBe('a-0');
  expect(computeEndpoints(service(), [named('other')])[0]?.endpoints[0]).not.toHaveProperty('hostname');
});

it('a Pod on a node that is gone is left out, unless it is published all the same', () => {
  const lost = [pod('a', '10.0.0.1', { spec: { nodeName: 'gone' } })];
  const options = { node: () => undefined };
  expect(computeEndpoints(service(), lost, options)).toEqual([]);
  expect(computeEndpoints(service({ publishNotReadyAddresses: true }), lost, options)).toHaveLength(1);
  expect(computeEndpoints(service(), lost)).toHaveLength(1);
});

it('a Service without selector or with an external name has none', () => {
  const { selector: _none, ...spec } = service().spec;
  expect(computeEndpoints({ ...service(), spec }, [pod('a', '10.0.0.1')])).toEqual([]);
  expect(computeEndpoints(service({ type: 'ExternalName' }), [pod('a', '10.0.0.1')])).toEqual([]);
});
