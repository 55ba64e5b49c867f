import { deepFreeze, type KubernetesObject } from '@kybern/core';
import { createMemoryStore, type StateRecord, type StateStore } from '@kybern/state';

/** One figure. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly aim?: number;
  readonly better: 'higher' | 'lower';
  run(): Promise<number> | number;
  /** The same on other code, in the same run. */
  readonly peer?: { readonly name: string; run(): Promise<number> | number };
}

type Pod = KubernetesObject & { readonly spec: unknown; readonly status: { readonly phase: string; readonly restarts: number } };

const SMALL = 20_000;
const LARGE = 1_000_000;

const keyOf = (index: number): string => `/registry/core/pods/ns-${index % 200}/app-${(index * 7919) % LARGE}-${index.toString(36)}`;

/** Shares all but the top with every other Pod, so that a million of them measure the store and not the garbage collector. */
const spec = Object.freeze({ containers: Object.freeze([Object.freeze({ name: 'main', image: 'nginx:1.25' })]) });
const podOf = (index: number): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `app-${index}`, namespace: `ns-${index % 200}`, labels: Object.freeze({ app: 'nginx' }) },
  spec,
  status: { phase: 'Pending', restarts: 0 },
});

function realisticPod(name: string): KubernetesObject {
  const probe = { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };
  const mount = { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
  const container = (index: number): unknown => ({
    name: `container-${index}`,
    image: 'registry.example.com/team/app:1.2.3',
    env: Array.from({ length: 8 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `some value of the variable ${at}` })),
    resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
    livenessProbe: { ...probe },
    readinessProbe: { ...probe },
    volumeMounts: [{ ...mount }],
  });
  const condition = (type: string): unknown => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: 'c0ffee00-0000-4000-8000-000000000000', labels: { app: 'nginx', tier: 'web' } },
    spec: { containers: [container(0), container(1)], nodeName: 'node-1', restartPolicy: 'Always', tolerations: [{ key: 'a', operator: 'Exists' }] },
    status: { phase: 'Running', conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition) },
  } as KubernetesObject;
}

const BATCH = 1000;

/** Runs batches of 1,000, given where each begins, for at least a second after one to warm up, and returns how many ran per second. */
async function rate(batch: (from: number) => Promise<void> | void, ms = 1000): Promise<number> {
  for (const warm = performance.now(); performance.now() - warm < ms / 2; ) await batch(0);
  const start = performance.now();
  for (let count = BATCH; ; count += BATCH) {
    await batch(count);
    const elapsed = performance.now() - start;
    if (elapsed >= ms) return (count / elapsed) * 1000;
  }
}

/** The median time of `work` in µs. */
function medianMicros(work: () => unknown, runs = 2000): number {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return (times.sort((a, b) => a - b)[runs >> 1] as number) * 1000;
}

async function filled(count: number, options?: Parameters<typeof createMemoryStore>[0]): Promise<{ store: StateStore; keys: readonly string[] }> {
  const store = createMemoryStore(options);
  const keys = Array.from({ length: count }, (_, index) => keyOf(index));
  for (let index = 0; index < count; index += 1) await store.commit([{ key: keys[index] as string, value: podOf(index) }]);
  return { store, keys };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The garbage collector's pauses while `work` ran. */
async function duringPauses(work: () => Promise<void>): Promise<readonly Span[]> {
  const pauses: Span[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ from: startTime, to: startTime + duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  await work();
  await new Promise((resolve) => setTimeout(resolve, 100));
  observer.disconnect();
  return pauses;
}

function overlap(span: Span, others: readonly Span[]): number {
  let ms = 0;
  for (const { from, to } of others) ms += Math.max(0, Math.min(span.to, to) - Math.max(span.from, from));
  return ms;
}

/** A store of a million objects, made once; and the longest commit on the way, without what the garbage collector took of it. */
interface Large {
  readonly store: StateStore;
  readonly keys: readonly string[];
  readonly longestCommitMs: number;
}

async function fillLarge(): Promise<Large> {
  const store = createMemoryStore();
  const keys = Array.from({ length: LARGE }, (_, index) => keyOf(index));
  const slow: Span[] = [];
  const pauses = await duringPauses(async () => {
    for (let index = 0; index < LARGE; index += 1) {
      const change = { key: keys[index] as string, value: podOf(index) };
      const from = performance.now();
      await store.commit([change]);
      const to = performance.now();
      if (to - from > 1) slow.push({ from, to });
    }
  });
  return { store, keys, longestCommitMs: Math.max(1, ...slow.map((span) => span.to - span.from - overlap(span, pauses))) };
}

let large: Promise<Large> | undefined;
const largeStore = (): Promise<Large> => (large ??= fillLarge());

/** Visits keys in an order without locality. */
const scattered = (index: number, count: number): number => (Math.imul(index, 0x9e3779b1) >>> 0) % count;

/** Path-copied compare-and-set updates of keys without locality. */
function updates({ store, keys }: { store: StateStore; keys: readonly string[] }): Promise<number> {
  return rate(async (from) => {
    for (let index = from; index < from + BATCH; index += 1) {
      const key = keys[scattered(index, keys.length)] as string;
      const { value, modRevision } = (await store.get(key)) as StateRecord<Pod>;
      await store.commit([{ key, value: { ...value, status: { ...value.status, restarts: index } } as KubernetesObject, expect: modRevision }]);
    }
  });
}

/** What the machine gives: the same updates on a bare Map, without order, pages, watches or forks. */
function bareUpdates(count: number): Promise<number> {
  const records = new Map<string, { readonly value: Pod; readonly modRevision: number }>();
  const keys = Array.from({ length: count }, (_, index) => keyOf(index));
  const history: unknown[] = [];
  let revision = 0;
  const commit = async ({ key, value, expect }: { key: string; value: Pod; expect: number }): Promise<unknown> => {
    const previous = records.get(key);
    if ((previous?.modRevision ?? 0) !== expect) throw new Error('stale');
    revision += 1;
    const record = { value: deepFreeze({ ...value, metadata: { ...value.metadata, resourceVersion: String(revision) } }), modRevision: revision };
    records.set(key, record);
    if (history.push({ key, record, previous }) >= 20_000) history.length = 0;
    return record;
  };
  for (let index = 0; index < count; index += 1) void commit({ key: keys[index] as string, value: podOf(index), expect: 0 });
  return rate(async (from) => {
    for (let index = from; index < from + BATCH; index += 1) {
      const key = keys[scattered(index, count)] as string;
      const { value, modRevision } = (await Promise.resolve(records.get(key))) as { value: Pod; modRevision: number };
      await commit({ key, value: { ...value, status: { ...value.status, restarts: index } }, expect: modRevision });
    }
  });
}

async function fanOut(watchers: number, prefixOf: (index: number) => string): Promise<number> {
  const { store, keys } = await filled(200);
  let delivered = 0;
  for (let index = 0; index < watchers; index += 1) store.watch(prefixOf(index), store.revision).subscribe(() => (delivered += 1));
  const perSecond = await updates({ store, keys });
  if (delivered === 0) throw new Error('nothing was delivered');
  await store[Symbol.asyncDispose]();
  return perSecond;
}

/** Every figure of this package. Those of a million objects come last, because each garbage collection after them has a million objects to look at. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: 'get + compare-and-set update, 20 k objects',
    unit: '1/s',
    aim: 500_000,
    better: 'higher',
    run: async () => updates(await filled(SMALL)),
    peer: { name: 'a bare Map', run: () => bareUpdates(SMALL) },
  },
  {
    name: 'create of fresh 4 KB objects (frozen by the store)',
    unit: '1/s',
    better: 'higher',
    async run() {
      const store = createMemoryStore();
      const pods = Array.from({ length: 20_000 }, (_, index) => realisticPod(`pod-${index}`));
      const start = performance.now();
      for (const pod of pods) await store.commit([{ key: `/registry/core/pods/default/${pod.metadata.name}`, value: pod, expect: 0 }]);
      return (pods.length / (performance.now() - start)) * 1000;
    },
  },
  {
    name: 'create of trusted objects, from empty to 20 k',
    unit: '1/s',
    better: 'higher',
    run: () => creates(SMALL, 10),
  },
  {
    name: 'create of trusted objects, from empty to 200 k',
    unit: '1/s',
    aim: 500_000,
    better: 'higher',
    run: () => creates(200_000, 1),
  },
  {
    name: 'compare-and-set update alone, 20 k objects',
    unit: '1/s',
    aim: 500_000,
    better: 'higher',
    async run() {
      const { store, keys } = await filled(SMALL);
      const records = (await store.range('/')).records.slice() as StateRecord<Pod>[];
      return rate(async (from) => {
        for (let index = from; index < from + BATCH; index += 1) {
          const at = scattered(index, keys.length);
          const { key, value, modRevision } = records[at] as StateRecord<Pod>;
          const result = await store.commit([
            { key, value: { ...value, status: { phase: 'Running', restarts: index } } as KubernetesObject, expect: modRevision },
          ]);
          records[at] = result.records[0] as StateRecord<Pod>;
        }
      });
    },
  },
  {
    name: 'synchronous get of one snapshot, 20 k objects',
    unit: '1/s',
    aim: 1_000_000,
    better: 'higher',
    async run() {
      const { store, keys } = await filled(SMALL);
      const snapshot = store.snapshot();
      const start = performance.now();
      for (let index = 0; index < 2_000_000; index += 1) snapshot.get(keys[scattered(index, SMALL)] as string);
      return (2_000_000 / (performance.now() - start)) * 1000;
    },
  },
  {
    name: 'list, references',
    unit: '1/s',
    aim: 50_000_000,
    better: 'higher',
    async run() {
      const { store } = await filled(SMALL);
      return ((await rate(async () => void (await store.range('/registry/core/pods/')), 500)) * SMALL) / BATCH;
    },
  },
  {
    name: 'page of 500 at a revision that is 10,000 events old',
    unit: 'ms',
    better: 'lower',
    async run() {
      const { store, keys } = await filled(SMALL);
      const at = store.revision - 9_999;
      return (1000 * BATCH) / (await rate(async () => void (await store.range('/registry/core/pods/', { at, after: keys[0] as string, limit: 500 })), 500));
    },
  },
  {
    name: 'updates seen by 1,000 subscribers of one prefix',
    unit: '1/s',
    aim: 40_000,
    better: 'higher',
    run: () => fanOut(1000, () => '/registry/core/pods/'),
  },
  {
    name: 'updates with 10,000 subscribers of different prefixes',
    unit: '1/s',
    aim: 200_000,
    better: 'higher',
    run: () => fanOut(10_000, (index) => `/registry/core/pods/ns-${index}/`),
  },
  {
    name: 'heap of an idle store',
    unit: 'KB',
    aim: 100,
    better: 'lower',
    run() {
      const before = process.memoryUsage().heapUsed;
      const stores = Array.from({ length: 1000 }, () => createMemoryStore());
      return (process.memoryUsage().heapUsed - before) / 1024 / stores.length;
    },
  },
  {
    name: 'longest commit while growing to 1 M objects, without garbage collection',
    unit: 'ms',
    aim: 50,
    better: 'lower',
    run: async () => (await largeStore()).longestCommitMs,
  },
  { name: 'snapshot, 1 M objects', unit: 'µs', aim: 10, better: 'lower', run: async () => withStore((store) => medianMicros(() => store.snapshot())) },
  { name: 'fork, 1 M objects', unit: 'µs', aim: 10, better: 'lower', run: async () => withStore((store) => medianMicros(() => store.fork())) },
  {
    name: 'get of random keys, 1 M objects',
    unit: '1/s',
    aim: 1_000_000,
    better: 'higher',
    async run() {
      const { store, keys } = await largeStore();
      return rate(async (from) => {
        for (let index = from; index < from + BATCH; index += 1) await store.get(keys[scattered(index, keys.length)] as string);
      });
    },
  },
  {
    name: 'get + compare-and-set update, 1 M objects',
    unit: '1/s',
    aim: 300_000,
    better: 'higher',
    run: async () => updates(await largeStore()),
    peer: { name: 'a bare Map', run: () => bareUpdates(LARGE) },
  },
];

/** Creates `count` objects in a store of their own, `times` over. */
async function creates(count: number, times: number): Promise<number> {
  let ms = 0;
  for (let time = 0; time < times; time += 1) {
    const store = createMemoryStore();
    const pods = Array.from({ length: count }, (_, index) => podOf(index));
    const keys = pods.map((_, index) => keyOf(index));
    const start = performance.now();
    for (let index = 0; index < count; index += 1) await store.commit([{ key: keys[index] as string, value: pods[index], expect: 0 }]);
    ms += performance.now() - start;
  }
  return ((count * times) / ms) * 1000;
}

async function withStore(measure: (store: StateStore) => number): Promise<number> {
  return measure((await largeStore()).store);
}
