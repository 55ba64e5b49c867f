import { computeEndpoints, createIpAllocator } from '@kybern/netmodel';
import type { Pod, Service } from '@kybern/core/kinds';
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

export const benchmarks: readonly Benchmark[] = [
  { name: 'addresses of a /12 allocated', unit: '1/s', better: 'higher', aim: 1_000_000, run: () => Math.max(allocations(), allocations(), allocations()) },
  { name: 'endpoints computed', unit: '1/s', better: 'higher', run: endpoints },
];
