import { computeEndpoints, createDnsZone, createIpAllocator, groupSlices, reachability, serviceRules } from '@kybern/netmodel';
import type { EndpointSlice, NetworkPolicy, Pod, Service } from '@kybern/core/kinds';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const COUNT = 200_000;

function allocations(): number {
  const ips = createIpAllocator('10.96.0.0/12');
  const began = performance.now();
  for (let i = 0; i < COUNT; i++) ips.allocate();
  return (COUNT / (performance.now() - began)) * 1000;
}

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ipFamilies: ['IPv4'], ports: [{ port: 80, targetPort: 'http' }] },
};
const pods = Array.from({ length: 1000 }, (_, i): Pod => {
  const ip = `10.244.${i >> 8}.${i & 255}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `web-${i}`, namespace: 'default', uid: `uid-${i}` },
    spec: { nodeName: `node-${i % 50}`, containers: [{ name: 'web', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
  };
});

function endpoints(): number {
  for (let i = 0; i < 20; i++) computeEndpoints(service, pods);
  const began = performance.now();
  const rounds = 100;
  for (let i = 0; i < rounds; i++) computeEndpoints(service, pods);
  return (rounds * pods.length * 1000) / (performance.now() - began);
}

const SERVICES = 30_000;
const ENDPOINTS = 10;

function services(): { services: readonly Service[]; slices: readonly EndpointSlice[] } {
  const ip = (i: number, base: number): string => `${String(base)}.${String(96 + (i >> 16))}.${String((i >> 8) & 255)}.${String(i & 255)}`;
  return {
    services: Array.from(
      { length: SERVICES },
      (_, i): Service => ({
        ...service,
        metadata: { name: `svc-${String(i)}`, namespace: `ns-${String(i % 100)}` },
        spec: { clusterIPs: [ip(i, 10)], ports: [{ name: 'http', port: 80 }] },
      }),
    ),
    slices: Array.from(
      { length: SERVICES },
      (_, i): EndpointSlice => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: `svc-${String(i)}-x`, namespace: `ns-${String(i % 100)}`, labels: { 'kubernetes.io/service-name': `svc-${String(i)}` } },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: Array.from({ length: ENDPOINTS }, (_each, j) => ({
          addresses: [ip(i * ENDPOINTS + j, 11)],
          nodeName: `node-${String(j)}`,
          conditions: { ready: true, serving: true, terminating: false },
        })),
      }),
    ),
  };
}

/** Milliseconds for the rules of all Services on one node. */
function compileServices(): { value: number; more: { change: number } } {
  const input = services();
  const place = { nodeName: 'node-1', zone: 'z' };
  const began = performance.now();
  const groups = groupSlices(input.slices);
  for (const each of input.services) serviceRules(each, groups.get(`${each.metadata.namespace ?? ''}/${each.metadata.name}`) ?? [], place);
  const value = performance.now() - began;
  const [first, slice] = [input.services[0], input.slices[0]];
  const changed = performance.now();
  const rounds = 1000;
  for (let i = 0; i < rounds; i++) if (first !== undefined && slice !== undefined) serviceRules(first, [slice], place);
  return { value, more: { change: (performance.now() - changed) / rounds } };
}

/** Answers per second of a zone with all Services. */
function dnsAnswers(): number {
  const input = services();
  const zone = createDnsZone();
  for (const each of input.services) zone.setService(each, []);
  const began = performance.now();
  const rounds = 300_000;
  for (let i = 0; i < rounds; i++) zone.answer({ name: `svc-${String(i % SERVICES)}.ns-${String(i % 100)}.svc.cluster.local`, type: 'A' });
  return (rounds * 1000) / (performance.now() - began);
}

/** Milliseconds for who reaches whom among 1,000 Pods under 200 policies, on two ports. */
function matrix(): number {
  const labelled = pods.map(
    (pod, i): Pod => ({
      ...pod,
      metadata: { ...pod.metadata, namespace: `ns-${String(i % 20)}`, labels: { app: `app-${String(i % 50)}`, tier: i % 2 === 0 ? 'front' : 'back' } },
    }),
  );
  const policies = Array.from(
    { length: 200 },
    (_, i): NetworkPolicy => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `p-${String(i)}`, namespace: `ns-${String(i % 20)}` },
      spec: {
        podSelector: i % 3 === 0 ? {} : { matchLabels: { app: `app-${String(i % 50)}` } },
        policyTypes: i % 2 === 0 ? ['Ingress'] : ['Ingress', 'Egress'],
        ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { tier: 'front' } } }], ports: [{ port: 'http' }, { port: 80 }] }],
        egress: [{ to: [{ ipBlock: { cidr: '10.244.0.0/16', except: ['10.244.1.0/28'] } }], ports: [{ port: 8080 }] }, { to: [{ podSelector: {} }] }],
      },
    }),
  );
  const began = performance.now();
  reachability({ pods: labelled, policies, ports: [{ port: 80 }, { port: 8080 }] });
  return performance.now() - began;
}

export const benchmarks: readonly Benchmark[] = [
  { name: 'addresses of a /12 allocated', unit: '1/s', better: 'higher', aim: 1_000_000, run: () => Math.max(allocations(), allocations(), allocations()) },
  { name: 'endpoints computed', unit: '1/s', better: 'higher', run: endpoints },
  { name: 'rules of 30,000 services of 10 endpoints (change: one service)', unit: 'ms', better: 'lower', aim: 1500, run: compileServices },
  { name: 'DNS answers out of 30,000 services', unit: '1/s', better: 'higher', aim: 15_000, run: dnsAnswers },
  { name: 'reachability of 1,000 Pods, 200 policies, 2 ports', unit: 'ms', better: 'lower', aim: 2000, run: matrix },
];
