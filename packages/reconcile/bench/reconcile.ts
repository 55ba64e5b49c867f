import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApiServer, type ApiServer } from '@kybern/apiserver';
import type { KubernetesObject } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { createMemoryStore, type StateStore } from '@kybern/state';
import { createInformer, createManager, createWorkQueue, defineController, done, requeueAfter, type ReconcileResult } from '../src/index.ts';

/** One figure. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly aim?: number;
  readonly better: 'higher' | 'lower';
  run(): Promise<number> | number;
}

const spec = Object.freeze({ containers: Object.freeze([Object.freeze({ name: 'main', image: 'nginx:1.25' })]), nodeName: 'node-1' });
const podOf = (index: number): KubernetesObject & { readonly spec: unknown } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${index}`, namespace: `ns-${index % 100}`, uid: `uid-${index}`, labels: { app: 'nginx' } },
  spec,
});

/** A store with so many Pods, put there without the API server's checks. */
async function storeOfPods(count: number): Promise<StateStore> {
  const state = createMemoryStore();
  for (let from = 0; from < count; from += 1000) {
    const pods = Array.from({ length: Math.min(1000, count - from) }, (_, at) => podOf(from + at));
    await state.commit(pods.map((value) => ({ key: `/registry/core/pods/${value.metadata.namespace ?? ''}/${value.metadata.name}`, value })));
  }
  return state;
}

/** Median of `runs` measurements; the first ones warm up. */
async function median(runs: number, measure: () => Promise<number> | number): Promise<number> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) values.push(await measure());
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function syncMs(api: ApiServer, onSynced: () => void = () => undefined): Promise<number> {
  const informer = createInformer({ client: api.client, kind: Pod });
  const stop = new AbortController();
  const startMs = performance.now();
  const ended = informer.run(stop.signal);
  await informer.synced;
  const tookMs = performance.now() - startMs;
  onSynced();
  stop.abort();
  await ended;
  return tookMs;
}

const heapMb = (): number => {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

/** Reconciles per second of a controller that is woken again until it had `total` reconciles. */
async function reconcileRate(pods: number, total: number, reconcile: Parameters<typeof defineController<Pod>>[0]['reconcile']): Promise<number> {
  await using state = await storeOfPods(pods);
  await using api = await createApiServer({ state });
  let count = 0;
  let startMs = 0;
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const controller = defineController({
    for: Pod,
    concurrency: 8,
    reconcile(request) {
      if (count++ === 0) startMs = performance.now();
      if (count === total) resolve();
      return reconcile(request);
    },
  });
  const stop = new AbortController();
  const ended = createManager({ client: api.client, controllers: [controller] }).run(stop.signal);
  await enough;
  const perSecond = (total / (performance.now() - startMs)) * 1000;
  stop.abort();
  await ended;
  return perSecond;
}

async function eventToReconcileP99Ms(): Promise<number> {
  await using api = await createApiServer();
  const { client } = api;
  const eventMs = new Map<string, number>();
  const delays: number[] = [];
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const controller = defineController({
    for: Pod,
    async reconcile({ key }): Promise<ReconcileResult> {
      delays.push(performance.now() - (eventMs.get(key) ?? NaN));
      if (delays.length === 5000) resolve();
      return done();
    },
  });
  const manager = createManager({ client, controllers: [controller] });
  manager.cache.informer(Pod).events$.subscribe(({ object }) => eventMs.set(`default/${object.metadata.name}`, performance.now()));
  const stop = new AbortController();
  const ended = manager.run(stop.signal);
  await manager.synced;
  for (let i = 0; i < 5000; i++)
    await client.create(Pod, { metadata: { name: `pod-${i}`, namespace: 'default' }, spec: { containers: [{ name: 'main', image: 'nginx' }] } });
  await enough;
  stop.abort();
  await ended;
  return delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? NaN;
}

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** In a process of its own: the built package where there is a build, else the sources with Node's compile cache warm. */
function importMs(): number {
  const isBuilt = existsSync(join(packageRoot, 'dist/index.js')) && existsSync(join(packageRoot, '../core/dist/index.js'));
  const cache = mkdtempSync(join(tmpdir(), 'kybern-bench-'));
  const script = `const start = performance.now(); await import('@kybern/reconcile'); console.log(performance.now() - start);`;
  const args = [...(isBuilt ? [] : ['--conditions=@kybern/source']), '--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  try {
    const runs = Array.from({ length: 9 }, () =>
      Number(spawnSync(process.execPath, args, { cwd: packageRoot, encoding: 'utf8', env: { ...process.env, NODE_COMPILE_CACHE: cache } }).stdout),
    );
    return runs.toSorted((a, b) => a - b)[4] ?? NaN;
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

/** The figures of this package. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'work queue: add, take, done',
    unit: '1/s',
    better: 'higher',
    aim: 2_000_000,
    run: () =>
      median(15, () => {
        const queue = createWorkQueue<string>();
        const keys = Array.from({ length: 1000 }, (_, at) => `default/pod-${at}`);
        const startMs = performance.now();
        for (let round = 0; round < 100; round++) {
          for (const key of keys) queue.add(key);
          for (let key = queue.tryTake(); key !== undefined; key = queue.tryTake()) queue.done(key);
        }
        return 100_000 / ((performance.now() - startMs) / 1000);
      }),
  },
  {
    name: 'no-op reconciles, queue and dispatch',
    unit: '1/s',
    better: 'higher',
    aim: 1_000_000,
    run: () => median(5, () => reconcileRate(1000, 500_000, async () => requeueAfter(0))),
  },
  {
    name: 'reconciles with get and status update',
    unit: '1/s',
    better: 'higher',
    aim: 100_000,
    run: () =>
      median(3, () =>
        reconcileRate(1000, 20_000, async ({ key, client }) => {
          const pod = await client.get(Pod, key);
          await client.update(Pod, { ...pod, status: { message: String(Number(pod.status?.message ?? 0) + 1) } }, { subresource: 'status' });
          return done();
        }),
      ),
  },
  { name: 'event to reconcile start, p99', unit: 'ms', better: 'lower', aim: 1, run: eventToReconcileP99Ms },
  {
    name: 'informer sync of 100,000 objects in process',
    unit: 'ms',
    better: 'lower',
    aim: 150,
    async run() {
      await using state = await storeOfPods(100_000);
      await using api = await createApiServer({ state });
      return await median(7, () => syncMs(api));
    },
  },
  {
    name: 'informer memory beyond 100,000 objects',
    unit: 'MB',
    better: 'lower',
    aim: 50,
    async run() {
      await using state = await storeOfPods(100_000);
      await using api = await createApiServer({ state });
      await syncMs(api);
      const beforeMb = heapMb();
      let withInformerMb = NaN;
      await syncMs(api, () => {
        withInformerMb = heapMb();
      });
      return withInformerMb - beforeMb;
    },
  },
  { name: 'import of @kybern/reconcile', unit: 'ms', better: 'lower', aim: 30, run: importMs },
];
