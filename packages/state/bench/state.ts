import type { KubernetesObject } from '@kybern/core';
import { createMemoryStore, type StateRecord, type StateStore } from '@kybern/state';

/** One figure. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly aim?: number;
  readonly better: 'higher' | 'lower';
  run(): Promise<number> | number;
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

/** Repeats `work` for at least `ms` and returns how many times it ran per second. */
async function rate(work: (index: number) => unknown, ms = 1000): Promise<number> {
  const start = performance.now();
  let count = 0;
  for (;;) {
    for (let at = 0; at < 1000; at += 1, count += 1) await work(count);
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

let large: ReturnType<typeof filled> | undefined;
const largeStore = (): ReturnType<typeof filled> => (large ??= filled(LARGE));

/** Visits keys in an order without locality. */
const scattered = (index: number, count: number): number => (Math.imul(index, 0x9e3779b1) >>> 0) % count;

async function updates({ store, keys }: { store: StateStore; keys: readonly string[] }): Promise<number> {
  return rate(async (index) => {
    const key = keys[scattered(index, keys.length)] as string;
    const record = (await store.get(key)) as StateRecord<Pod>;
    const { value } = record;
    await store.commit([{ key, value: { ...value, status: { ...value.status, restarts: index } } as KubernetesObject, expect: record.modRevision }]);
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

/** Every figure of this package. */
export const benchmarks: readonly Benchmark[] = [
  { name: 'get + compare-and-set update, 20 k objects', unit: '1/s', aim: 500_000, better: 'higher', run: async () => updates(await filled(SMALL)) },
  { name: 'get + compare-and-set update, 1 M objects', unit: '1/s', aim: 300_000, better: 'higher', run: async () => updates(await largeStore()) },
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
    name: 'create of trusted objects, from empty to 200 k',
    unit: '1/s',
    aim: 500_000,
    better: 'higher',
    async run() {
      const pods = Array.from({ length: 200_000 }, (_, index) => podOf(index));
      const keys = pods.map((_, index) => keyOf(index));
      const store = createMemoryStore();
      const start = performance.now();
      for (let index = 0; index < pods.length; index += 1) await store.commit([{ key: keys[index] as string, value: pods[index], expect: 0 }]);
      return (pods.length / (performance.now() - start)) * 1000;
    },
  },
  {
    name: 'get of random keys, 1 M objects',
    unit: '1/s',
    aim: 1_000_000,
    better: 'higher',
    async run() {
      const { store, keys } = await largeStore();
      return rate((index) => store.get(keys[scattered(index, keys.length)] as string));
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
  { name: 'snapshot, 1 M objects', unit: 'µs', aim: 10, better: 'lower', run: async () => withStore((store) => medianMicros(() => store.snapshot())) },
  { name: 'fork, 1 M objects', unit: 'µs', aim: 10, better: 'lower', run: async () => withStore((store) => medianMicros(() => store.fork())) },
  {
    name: 'list, references',
    unit: '1/s',
    aim: 50_000_000,
    better: 'higher',
    async run() {
      const { store } = await filled(SMALL);
      return (await rate(() => store.range('/registry/core/pods/'), 500)) * SMALL;
    },
  },
  {
    name: 'page of 500 at a revision that is 10,000 events old',
    unit: 'ms',
    better: 'lower',
    async run() {
      const { store, keys } = await filled(SMALL);
      const at = store.revision - 9_999;
      return 1000 / (await rate(() => store.range('/registry/core/pods/', { at, after: keys[0] as string, limit: 500 }), 500));
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
    name: 'longest commit while growing to 1 M objects',
    unit: 'ms',
    aim: 50,
    better: 'lower',
    async run() {
      const store = createMemoryStore();
      let longest = 0;
      for (let index = 0; index < LARGE; index += 1) {
        const change = { key: keyOf(index), value: podOf(index) };
        const start = performance.now();
        await store.commit([change]);
        longest = Math.max(longest, performance.now() - start);
      }
      return longest;
    },
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
];

async function withStore(measure: (store: StateStore) => number): Promise<number> {
  return measure((await largeStore()).store);
}
