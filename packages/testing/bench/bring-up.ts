// What it takes to bring up many Deployments, and what a cluster costs that nobody asks anything of: wall time, and writes counted.
import { ConfigMap, Deployment } from '@kybern/core/kinds';
import { createTestCluster, type LogEntry, type TestCluster } from '@kybern/testing';
import type { Benchmark, Measured } from '../../../scripts/benchmark.ts';

const DEPLOYMENTS = 10_000;
const NODES = 500;

async function create(cluster: TestCluster, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const labels = { app: `web-${i}` };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx:1.25', resources: { requests: { cpu: '10m' } } }] } };
    const metadata = { name: `web-${i}`, namespace: 'default' };
    await cluster.client.create(Deployment, { metadata, spec: { replicas: 3, selector: { matchLabels: labels }, template } });
  }
}

/** One run of the large figure, shared by the two that are read from it. */
let large: Promise<{ readonly seconds: number; readonly cpuSeconds: number; readonly writes: number; readonly least: number }> | undefined;
async function bringUp(): Promise<{ readonly seconds: number; readonly cpuSeconds: number; readonly writes: number; readonly least: number }> {
  await using cluster = await createTestCluster({ nodes: NODES });
  const before = cluster.log.length;
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await create(cluster, DEPLOYMENTS);
  await cluster.settle();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const available = (await cluster.client.list(Deployment)).items.filter((item) => item.status?.availableReplicas === 3).length;
  if (available !== DEPLOYMENTS) throw new Error(`only ${String(available)} Deployments are available`);
  const entries = cluster.log.slice(before);
  return { seconds, cpuSeconds: (used.user + used.system) / 1e6, writes: entries.length, least: leastWrites(entries) };
}

/**
 * The least number of writes that tells the same story: whatever happened to one part of one object (its spec and metadata, where it runs, its status) at one instant of virtual time
 * could have been a single write, and what changed nothing none. Distinct instants are told apart, for whoever watches must see a Pod become ready when it does; and each part has
 * a door of its own in the API, so they cannot be written together. See docs/adr/0016.
 */
export function leastWrites(entries: readonly LogEntry[]): number {
  const told = new Set<string>();
  const parts = new Map<string, Parts>();
  for (const { atMs, key, object, type } of entries) {
    const [old, now] = [parts.get(key), partsOf(object)];
    const door = type === 'delete' ? 'delete' : old === undefined ? 'create' : (['node', 'status', 'main'] as const).find((part) => old[part] !== now[part]);
    if (door !== undefined) told.add(`${key} ${atMs} ${door}`);
    parts.set(key, now);
  }
  return told.size;
}

interface Parts {
  /** All but the others, and what the server counts. */
  readonly main: string;
  readonly node: string;
  readonly status: string;
}

function partsOf(object: LogEntry['object']): Parts {
  const { spec, status, metadata, ...rest } = object as LogEntry['object'] & { readonly spec?: { readonly nodeName?: string }; readonly status?: object };
  const { nodeName = '', ...wanted } = spec ?? {};
  const { resourceVersion: _, generation: _generation, managedFields: _fields, ...meta } = metadata;
  return { main: JSON.stringify([rest, wanted, meta]), node: nodeName, status: JSON.stringify(status) };
}

/**
 * Writes of an hour in a cluster of so many objects that is at rest, but for Leases and the statuses that kubelets send every five minutes. The nodes have room for all Pods: the scheduler
 * tries those without a place again every five minutes and says so, and such a cluster is not at rest.
 */
async function idleWrites(): Promise<Measured> {
  await using cluster = await createTestCluster({ nodes: 20 });
  await create(cluster, 500);
  await cluster.settle();
  const objects = 500 * 5;
  for (let i = objects; i < 5_000; i++) await cluster.client.create(ConfigMap, { metadata: { name: `map-${i}`, namespace: 'default' } });
  await cluster.settle();
  // What was just created is told of for a while; an hour later nothing is.
  await cluster.advance('1h');
  const before = cluster.log.length;
  await cluster.advance('1h');
  const entries = cluster.log.slice(before);
  const of = (resource: string): number => entries.filter(({ key }) => key.includes(`/${resource}/`)).length;
  const [leases, nodeStatuses] = [of('leases'), of('nodes')];
  return { value: entries.length - leases - nodeStatuses, more: { leases, nodeStatuses } };
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: '10,000 Deployments of 3 Pods on 500 nodes, brought up in virtual time',
    unit: 's',
    better: 'lower',
    aim: 60,
    async run() {
      const { seconds, cpuSeconds, writes } = await (large ??= bringUp());
      return { value: seconds, more: { cpuSeconds, writes } };
    },
  },
  {
    name: 'writes of that, beyond the least possible',
    unit: '%',
    better: 'lower',
    aim: 3,
    async run() {
      const { writes, least } = await (large ??= bringUp());
      return { value: (writes / least - 1) * 100, more: { writes, least } };
    },
  },
  { name: 'writes in an hour of a cluster of 5,000 objects at rest, but for signs of life of nodes', unit: '1', better: 'lower', aim: 0, run: idleWrites },
];
