import { constants } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@kybern/core';
import { encodedObject } from '@kybern/state';
import { openFileStore, type FileStore } from '@kybern/state/file';

/** One figure. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly aim?: number;
  readonly better: 'higher' | 'lower';
  run(): Promise<number | { readonly value: number; readonly more: Readonly<Record<string, number>> }>;
  /** The same on other code, in the same run. */
  readonly peer?: { readonly name: string; run(): Promise<number> };
}

const MS = 3000;
const RECORD = 4096;

/** A Pod of about 4 KB. */
function podOf(name: string): KubernetesObject {
  const probe = { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };
  const container = (index: number): unknown => ({
    name: `container-${index}`,
    image: 'registry.example.com/team/app:1.2.3',
    env: Array.from({ length: 17 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `some value of the variable ${at}` })),
    resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
    livenessProbe: { ...probe },
    readinessProbe: { ...probe },
    volumeMounts: [{ name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
  });
  const condition = (type: string): unknown => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: 'c0ffee00-0000-4000-8000-000000000000', labels: { app: 'nginx', tier: 'web' } },
    spec: { containers: [container(0), container(1)], nodeName: 'node-1', restartPolicy: 'Always' },
    status: { phase: 'Running', conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition) },
  } as KubernetesObject;
}

async function inDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'kybern-bench-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Rate {
  readonly value: number;
  readonly more: Readonly<Record<string, number>>;
}

/** Lets writers write one after the other, each waiting for its acknowledgement. Latencies in ms. */
async function acknowledged(writers: number, write: (count: number) => Promise<unknown>, ms = MS): Promise<Rate> {
  let count = 0;
  const run = async (untilMs: number, latencies: number[] | undefined): Promise<void> => {
    while (performance.now() < untilMs) {
      const start = performance.now();
      await write((count += 1));
      latencies?.push(performance.now() - start);
    }
  };
  const all = (untilMs: number, latencies?: number[]): Promise<unknown> => Promise.all(Array.from({ length: writers }, () => run(untilMs, latencies)));
  await all(performance.now() + ms / 3);
  const latencies: number[] = [];
  const [before, start] = [process.cpuUsage(), performance.now()];
  await all(start + ms, latencies);
  const elapsed = performance.now() - start;
  const cpu = process.cpuUsage(before);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] as number;
  const microsCpu = (cpu.user + cpu.system) / latencies.length;
  return { value: (latencies.length / elapsed) * 1000, more: { p50: at(0.5), p99: at(0.99), longest: at(1), microsCpu } };
}

const withStore = <T>(use: (store: FileStore) => Promise<T>): Promise<T> =>
  inDirectory(async (directory) => {
    await using store = await openFileStore({ directory });
    return await use(store);
  });

/** Creates of objects that are JSON already, each under another key. */
const encodedCreates = (writers: number): Promise<Rate> => {
  const json = Buffer.from(JSON.stringify(podOf('pod-0')));
  return withStore((store) =>
    acknowledged(writers, (count) => store.commit([{ key: `/registry/core/pods/default/pod-${count}`, value: encodedObject(json), expect: 0 }])),
  );
};

/** Creates of objects that are made for it, and that the store freezes and encodes. */
const creates = (writers: number): Promise<Rate> =>
  withStore((store) =>
    acknowledged(writers, (count) => store.commit([{ key: `/registry/core/pods/default/pod-${count}`, value: podOf(`pod-${count}`), expect: 0 }])),
  );

/** The bare disk: 4 KB of bytes per writer, one write and one `fdatasync` per group, into a file that has its length. */
async function rawLog(writers: number): Promise<number> {
  return inDirectory(async (directory) => {
    const file = await open(join(directory, 'log'), constants.O_RDWR | constants.O_CREAT);
    const zeros = Buffer.alloc(8 << 20);
    for (let at = 0; at < 32; at += 1) await file.write(zeros, 0, zeros.length, at * zeros.length);
    await file.sync();
    const group = Buffer.alloc(writers * RECORD, 1);
    const until = performance.now() + MS;
    const start = performance.now();
    let groups = 0;
    while (performance.now() < until) {
      await file.write(group, 0, group.length, (groups * group.length) % (200 << 20));
      await file.datasync();
      groups += 1;
    }
    await file.close();
    return ((groups * writers) / (performance.now() - start)) * 1000;
  });
}

/** SQLite, as Node brings it: a transaction per group, with `synchronous=FULL`. */
async function sqlite(writers: number): Promise<number> {
  const { DatabaseSync } = await import('node:sqlite');
  return inDirectory(async (directory) => {
    const database = new DatabaseSync(join(directory, 'state.db'));
    database.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (revision INTEGER PRIMARY KEY, key TEXT, value BLOB); CREATE INDEX k ON t (key)',
    );
    const insert = database.prepare('INSERT INTO t VALUES (?, ?, ?)');
    const value = Buffer.alloc(RECORD, 1);
    const start = performance.now();
    let rows = 0;
    while (performance.now() < start + MS) {
      database.exec('BEGIN');
      for (let at = 0; at < writers; at += 1) insert.run((rows += 1), `/registry/core/pods/default/pod-${rows}`, value);
      database.exec('COMMIT');
    }
    const value_ = (rows / (performance.now() - start)) * 1000;
    database.close();
    return value_;
  });
}

const commits = (writers: number, aim: number): readonly Benchmark[] => [
  {
    name: `durable create of an encoded Pod of 4 KB, ${writers} writers`,
    unit: '1/s',
    aim,
    better: 'higher',
    run: () => encodedCreates(writers),
    peer: { name: 'bytes to the bare disk', run: () => rawLog(writers) },
  },
  { name: `durable create of a Pod of 4 KB that is made and encoded for it, ${writers} writers`, unit: '1/s', better: 'higher', run: () => creates(writers) },
  { name: `bytes of 4 KB into SQLite, groups of ${writers}`, unit: '1/s', better: 'higher', run: () => sqlite(writers) },
];

/** How long it takes to have so many objects again. Returns ms. */
async function recovery(count: number): Promise<number> {
  return inDirectory(async (directory) => {
    {
      await using store = await openFileStore({ directory, historyLimit: 10_000, objectLimit: 1000 });
      const batch = 500;
      for (let at = 0; at < count; at += batch)
        await Promise.all(
          Array.from({ length: Math.min(batch, count - at) }, (_, index) =>
            store.commit([{ key: `/registry/core/pods/default/pod-${at + index}`, value: podOf(`pod-${at + index}`) }]),
          ),
        );
    }
    const start = performance.now();
    await using store = await openFileStore({ directory, historyLimit: 10_000 });
    const ms = performance.now() - start;
    if (store.snapshot().size !== count) throw new Error('objects are missing');
    return ms;
  });
}

/** The longest time that a commit takes while segments are cleaned. */
async function stall(): Promise<Rate> {
  return inDirectory(async (directory) => {
    await using store = await openFileStore({ directory, historyLimit: 1000, objectLimit: 1000 });
    const { more, value } = await acknowledged(
      16,
      (count) => store.commit([{ key: `/registry/core/pods/default/pod-${count % 5000}`, value: podOf(`pod-${count % 5000}`) }]),
      6000,
    );
    return { value: more['longest'] as number, more: { ...more, perSecond: value } };
  });
}

/** What `pnpm bench durable` measures. */
export const benchmarks: readonly Benchmark[] = [
  ...commits(1, 5_000),
  ...commits(16, 40_000),
  ...commits(256, 60_000),
  { name: 'longest commit while segments are cleaned, 16 writers', unit: 'ms', aim: 50, better: 'lower', run: stall },
  { name: 'recovery of 10,000 Pods', unit: 'ms', aim: 300, better: 'lower', run: () => recovery(10_000) },
  { name: 'recovery of 100,000 Pods', unit: 'ms', aim: 1000, better: 'lower', run: () => recovery(100_000) },
];
