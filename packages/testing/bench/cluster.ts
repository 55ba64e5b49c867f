// The figures of a cluster inside a unit test, each beside @ngrok/webernetes (a Kubernetes simulator with eight kinds) where that can do the same.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Deployment } from '@kybern/core/kinds';
import { createTestCluster } from '@kybern/testing';
import type { Benchmark } from '../../../scripts/benchmark.ts';
import { bundlePeer, loadPeer, peerDeployments, type PeerCluster } from './peers/webernetes.ts';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../dist/index.js');
const PEER = '@ngrok/webernetes';

interface Cold {
  readonly ms: number;
  readonly rssMb: number;
}

/** Runs a program in a process of its own, several times; its median. The program prints its own time since the process' code began. */
function cold(program: string): Cold {
  const runs = Array.from({ length: 7 }, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', cwd: here });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Cold;
  });
  return { ms: median(runs.map((run) => run.ms)), rssMb: median(runs.map((run) => run.rssMb)) };
}

const report = 'console.log(JSON.stringify({ ms: performance.now() - start, rssMb: process.memoryUsage.rss() / 1e6 }));';
const bareProgram = `const start = performance.now(); ${report}`;
const ownProgram = (): string => {
  if (!existsSync(dist)) throw new Error('build the packages first: pnpm build');
  return `const start = performance.now(); const { createTestCluster } = await import(${JSON.stringify(dist)}); const cluster = await createTestCluster({ nodes: 3 }); ${report}`;
};
const peerProgram = (): string =>
  `const start = performance.now(); const { Cluster } = await import(${JSON.stringify(bundlePeer())}); const cluster = new Cluster(); await cluster.init(); ${report.replace(/;$/, '; process.exit(0);')}`;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function medianTime(times: number, run: () => Promise<void>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await run();
    taken.push(performance.now() - start);
  }
  return median(taken);
}

function deployment(name: string): { readonly metadata: { readonly name: string; readonly namespace: string }; readonly spec: Deployment['spec'] } {
  const labels = { app: name };
  return {
    metadata: { name, namespace: 'default' },
    spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.25' }] } } },
  };
}

async function startToAvailable(count: number, nodes: number): Promise<number> {
  await using cluster = await createTestCluster({ nodes });
  const start = performance.now();
  for (let i = 0; i < count; i++) await cluster.client.create(Deployment, deployment(`web-${String(i)}`));
  await cluster.settle();
  const taken = performance.now() - start;
  const available = (await cluster.client.list(Deployment)).items.filter((item) => item.status?.availableReplicas === 3).length;
  if (available !== count) throw new Error(`only ${String(available)} of ${String(count)} Deployments are available`);
  return taken;
}

/** The peer's time for the same, on its clock, which is stepped as soon as nothing is runnable. */
async function peerToAvailable(count: number, nodes: number): Promise<number> {
  const peer: PeerCluster = await loadPeer(nodes);
  try {
    const start = performance.now();
    await peerDeployments(peer, count);
    return performance.now() - start;
  } finally {
    await peer.close();
  }
}

const gc = (globalThis as { gc?: () => void }).gc;

/** What the cluster itself costs in a process that had one before. */
async function idleMegabytes(): Promise<number> {
  const CLUSTERS = 20;
  if (gc === undefined) throw new Error('run node with --expose-gc');
  await (await createTestCluster({ nodes: 3 }))[Symbol.asyncDispose]();
  gc();
  const before = process.memoryUsage().heapUsed;
  const clusters = [];
  for (let i = 0; i < CLUSTERS; i++) clusters.push(await createTestCluster({ nodes: 3 }));
  gc();
  const used = process.memoryUsage().heapUsed - before;
  for (const cluster of clusters) await cluster[Symbol.asyncDispose]();
  return used / CLUSTERS / 1e6;
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'cold process: import + createTestCluster({ nodes: 3 })',
    unit: 'ms',
    better: 'lower',
    aim: 120,
    run: () => cold(ownProgram()).ms,
    peer: { name: PEER, run: () => cold(peerProgram()).ms },
  },
  {
    name: 'cold process: resident memory over bare node',
    unit: 'MB',
    better: 'lower',
    aim: 50,
    run: () => cold(ownProgram()).rssMb - cold(bareProgram).rssMb,
    peer: { name: PEER, run: () => cold(peerProgram()).rssMb - cold(bareProgram).rssMb },
  },
  {
    name: 'a further cluster in the same process',
    unit: 'ms',
    better: 'lower',
    aim: 3,
    async run() {
      const once = async (): Promise<void> => {
        await using _ = await createTestCluster({ nodes: 3 });
      };
      await medianTime(20, once);
      return medianTime(50, async () => {
        const cluster = await createTestCluster({ nodes: 3 });
        void cluster[Symbol.asyncDispose]();
      });
    },
    peer: { name: PEER, run: () => medianTime(10, async () => (await loadPeer(3)).close()) },
  },
  { name: 'memory of a further cluster, idle', unit: 'MB', better: 'lower', aim: 1, run: idleMegabytes },
  {
    name: 'a Deployment of 3 replicas, applied to Available, virtual time',
    unit: 'ms',
    better: 'lower',
    aim: 10,
    async run() {
      for (let i = 0; i < 20; i++) await startToAvailable(1, 3);
      const taken: number[] = [];
      for (let i = 0; i < 30; i++) taken.push(await startToAvailable(1, 3));
      return median(taken);
    },
    peer: { name: PEER, run: () => peerToAvailable(1, 3) },
  },
  {
    name: '1,000 Deployments x 3 replicas on 100 nodes, all Available, virtual time',
    unit: 's',
    better: 'lower',
    aim: 4,
    run: async () => (await startToAvailable(1_000, 100)) / 1_000,
  },
  {
    name: '100 Deployments x 3 replicas on 10 nodes, all Available, virtual time',
    unit: 's',
    better: 'lower',
    run: async () => (await startToAvailable(100, 10)) / 1_000,
    peer: { name: PEER, run: async () => (await peerToAvailable(100, 10)) / 1_000 },
  },
];
