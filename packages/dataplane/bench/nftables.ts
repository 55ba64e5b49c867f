// Services in the kernel's tables, beside the shape that kube-proxy writes, in a network namespace of their own. Needs root on Linux and nft.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { EndpointSlice, NetworkPolicy, Pod, Service } from '@kybern/core/kinds';
import { createNftables, nftCommand, type Nftables, type NftRunner } from '@kybern/dataplane';
import { reachability, serviceRules, type ServiceRule } from '@kybern/netmodel';
import { createNetns } from '../test/netns.ts';
import type { Benchmark, Measured } from '../../../scripts/benchmark.ts';

const ENDPOINTS = 10;

const ipOf = (base: number, i: number): string => `${String(base)}.${String((i >> 16) & 255)}.${String((i >> 8) & 255)}.${String(i & 255)}`;
const serviceOf = (i: number): Service => {
  const clusterIP = ipOf(11, i + 256);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'web', name: `s${String(i)}` },
    spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ name: 'http', port: 80 }] },
  };
};
const sliceOf = (i: number, moved = 0): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'web', name: `s${String(i)}-a` },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: Array.from({ length: ENDPOINTS }, (_, each) => ({
    addresses: [ipOf(10, i * ENDPOINTS + each + (each === 0 ? moved : 0))],
    nodeName: `n${String(each % 3)}`,
  })),
});
const rulesOf = (i: number, moved = 0): readonly ServiceRule[] => serviceRules(serviceOf(i), [sliceOf(i, moved)], { nodeName: 'n0' });

/** Highest resident memory of the nft processes, in MB. */
function watched(nft: readonly string[]): { readonly runner: NftRunner; readonly peakMb: () => number } {
  let peak = 0;
  const plain = nftCommand(nft);
  return {
    peakMb: () => peak,
    runner: {
      list: plain.list,
      async apply(script) {
        const [program = '', ...args] = nft;
        const child = spawn(program, [...args, '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
        const timer = setInterval(() => {
          readFile(`/proc/${String(child.pid)}/status`, 'utf8').then(
            (status) => (peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)),
            () => undefined, // it has ended
          );
        }, 5);
        child.stdin.end(script);
        const [code] = (await once(child, 'close')) as [number];
        clearInterval(timer);
        if (code !== 0) throw new Error(`nft ended with ${String(code)}`);
      },
    },
  };
}

async function inKernel<T>(
  count: number,
  use: (tables: Nftables, peakMb: () => number) => Promise<T>,
): Promise<{ readonly loadMs: number; readonly result: T }> {
  await using netns = await createNetns();
  const { runner, peakMb } = watched([...netns.enter, 'nft']);
  const tables = createNftables({ nodeName: 'n0', podCidrs: ['10.0.0.0/8'], families: ['IPv4'], nft: runner });
  const compiled = Array.from({ length: count }, (_, i) => rulesOf(i));
  const stop = new AbortController();
  const began = performance.now();
  compiled.forEach((rules, i) => tables.setService(`web/s${String(i)}`, rules));
  const running = tables.run(stop.signal);
  await tables.applied();
  const loadMs = performance.now() - began;
  const result = await use(tables, peakMb);
  stop.abort();
  await running;
  return { loadMs, result };
}

async function fullLoad(count: number): Promise<Measured> {
  const { loadMs, result } = await inKernel(count, (_tables, peakMb) => Promise.resolve(peakMb()));
  return { value: loadMs, more: { 'nft peak MB': Math.round(result) } };
}

async function oneEndpoint(count: number): Promise<number> {
  const { result } = await inKernel(count, async (tables) => {
    const taken: number[] = [];
    for (let round = 1; round <= 11; round++) {
      const began = performance.now();
      tables.setService('web/s5', rulesOf(5, round * 1_000_003));
      await tables.applied();
      taken.push(performance.now() - began);
    }
    return taken.sort((a, b) => a - b)[5] ?? Number.NaN;
  });
  return result;
}

/** A chain for each Service and each endpoint, verdict maps between them, in one transaction, as kube-proxy writes them. */
async function kubeProxyShape(count: number): Promise<number> {
  await using netns = await createNetns();
  const lines = ['add table ip kp', 'add map ip kp service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }'];
  for (let i = 0; i < count; i++) {
    const ends = (sliceOf(i).endpoints ?? []).map(({ addresses }, each) => ({ chain: `endpoint-${String(i)}-${String(each)}`, ip: addresses[0] ?? '' }));
    for (const { chain, ip } of ends)
      lines.push(
        `add chain ip kp ${chain}`,
        `add rule ip kp ${chain} ip saddr ${ip} meta mark set 0x4000`,
        `add rule ip kp ${chain} meta l4proto tcp dnat to ${ip}:8080`,
      );
    lines.push(`add chain ip kp service-${String(i)}`);
    lines.push(
      `add rule ip kp service-${String(i)} numgen random mod ${String(ENDPOINTS)} vmap { ${ends.map(({ chain }, each) => `${String(each)} : goto ${chain}`).join(', ')} }`,
    );
    lines.push(`add element ip kp service-ips { ${ipOf(11, i + 256)} . tcp . 80 : goto service-${String(i)} }`);
  }
  const nft = nftCommand([...netns.enter, 'nft']);
  const began = performance.now();
  await nft.apply(`${lines.join('\n')}\n`);
  return performance.now() - began;
}

function compileAll(count: number): Measured {
  const services = Array.from({ length: count }, (_, i) => [serviceOf(i), sliceOf(i)] as const);
  const began = performance.now();
  let frontends = 0;
  for (const [service, slice] of services) for (const { frontends: each } of serviceRules(service, [slice], { nodeName: 'n0' })) frontends += each.length;
  const all = performance.now() - began;
  const again = performance.now();
  rulesOf(7, 1);
  return { value: all, more: { 'one change, ms': performance.now() - again, frontends } };
}

function reachabilityMs(): number {
  const pods = Array.from({ length: 1000 }, (_, i): { pod: Pod } => ({
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: `ns${String(i % 20)}`, name: `p${String(i)}`, labels: { app: `a${String(i % 50)}` } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
      status: { podIP: ipOf(10, i + 1), podIPs: [{ ip: ipOf(10, i + 1) }] },
    },
  }));
  const policies = Array.from(
    { length: 200 },
    (_, i): NetworkPolicy => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: `ns${String(i % 20)}`, name: `n${String(i)}` },
      spec: {
        podSelector: { matchLabels: { app: `a${String(i % 50)}` } },
        policyTypes: i % 2 === 0 ? ['Ingress'] : ['Ingress', 'Egress'],
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: `a${String((i * 7) % 50)}` } } }, { ipBlock: { cidr: '10.1.0.0/16' } }], ports: [{ port: 80 }] },
        ],
      },
    }),
  );
  const began = performance.now();
  reachability({ pods: pods.map(({ pod }) => pod), policies, ports: [{ port: 80, protocol: 'TCP' }] });
  return performance.now() - began;
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'nftables: full load, 1,000 services x 10',
    unit: 'ms',
    better: 'lower',
    run: () => fullLoad(1000),
    peer: { name: 'kube-proxy’s shape', run: () => kubeProxyShape(1000) },
  },
  { name: 'nftables: full load, 10,000 services x 10', unit: 'ms', better: 'lower', aim: 2500, run: () => fullLoad(10_000) },
  { name: 'nftables: one endpoint changed among 10,000 x 10', unit: 'ms', better: 'lower', aim: 40, run: () => oneEndpoint(10_000) },
  { name: 'nftables: full load, 30,000 services x 10', unit: 'ms', better: 'lower', aim: 7000, run: () => fullLoad(30_000) },
  { name: 'netmodel: compile of 30,000 services', unit: 'ms', better: 'lower', aim: 1500, run: () => compileAll(30_000) },
  { name: 'netmodel: reachability of 1,000 Pods with 200 policies', unit: 'ms', better: 'lower', aim: 2000, run: reachabilityMs },
];
