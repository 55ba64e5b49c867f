import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { noopLogger, systemClock, systemRandom, type KubernetesObject } from '@kybern/core';
import { openEtcd } from '@kybern/state/etcd';
import { findEtcd, startEtcd, type EtcdServer } from '@kybern/state/etcd/testing';
import { etcdMethods } from '../src/etcd/generated/etcd.ts';
import { EtcdClient } from '../src/etcd/internal/etcd-client.ts';

/** One figure. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly aim?: number;
  readonly better: 'higher' | 'lower';
  run(): Promise<number> | number;
  /** The same on other code, in the same run. */
  readonly peer?: { readonly name: string; run(): Promise<number> | number };
  /** Why it cannot be measured here. */
  readonly missing?: string;
}

const SECONDS = 4;
/** About 4 KB as JSON. */
const data = Object.fromEntries(
  Array.from({ length: 40 }, (_, at) => [`field-${at}`, `some text as the fields of Pods have it, of eighty bytes: ${String(at).padStart(22, '0')}`]),
);
const object = (name: string): KubernetesObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data }) as unknown as KubernetesObject;
const valueBytes = Buffer.byteLength(JSON.stringify(object('c-1')));
const keyOf = (index: number): string => `/registry/core/configmaps/default/c-${index}`;

async function withEtcd<T>(run: (etcd: EtcdServer) => Promise<T>): Promise<T> {
  await using etcd = await startEtcd();
  return await run(etcd);
}

/** How often `write` resolves per second with so many writers, each time with a number of its own, after a second to warm up. */
async function rate(write: (index: number) => Promise<unknown>, writers: number): Promise<number> {
  let index = 0;
  const round = async (ms: number): Promise<number> => {
    let done = 0;
    const start = performance.now();
    const one = async (): Promise<void> => {
      while (performance.now() - start < ms) {
        await write((index += 1));
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: writers }, one));
    return (done / (performance.now() - start)) * 1000;
  };
  await round(1000);
  return await round(SECONDS * 1000);
}

const createInStore = (writers: number) => (): Promise<number> =>
  withEtcd(async (etcd) => {
    await using store = await openEtcd({ endpoints: [etcd.endpoint] });
    return await rate((index) => store.commit([{ key: keyOf(index), value: object(`c-${index}`), expect: 0 }]), writers);
  });

/** The same transactions by our client alone, without a store. */
const createByClient = (writers: number) => (): Promise<number> =>
  withEtcd(async (etcd) => {
    const parts = { tls: {}, user: undefined, clock: systemClock(), random: systemRandom(), logger: noopLogger, check: () => Promise.resolve() };
    const client = new EtcdClient({ ...parts, endpoints: [etcd.endpoint], requestTimeoutMs: 10_000, dialTimeoutMs: 5_000 });
    const value = Buffer.from(JSON.stringify(object('c')));
    try {
      return await rate((index) => {
        const key = Buffer.from(keyOf(index));
        return client.call(etcdMethods.txn, { compare: [{ key, target: 'MOD', result: 'EQUAL', modRevision: 0 }], success: [{ requestPut: { key, value } }] });
      }, writers);
    } finally {
      client.close();
    }
  });

/** The same by etcd's own client, which is written in Go, in a process of its own. */
const createByEtcd = (writers: number) => (): Promise<number> =>
  withEtcd(async (etcd) => {
    const folder = await mkdtemp(join(tmpdir(), 'kybern-etcd-client-'));
    const binary = join(folder, 'etcd-client');
    try {
      await promisify(execFile)('go', ['build', '-o', binary, '.'], { cwd: join(import.meta.dirname, 'load/etcd-client') });
      const { stdout } = await promisify(execFile)(binary, [etcd.endpoint, String(writers), String(SECONDS), String(valueBytes)]);
      return Number(stdout);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

/** From the acknowledgement of a write at one server to its event at a watcher of another, at 500 writes per second: the 99th percentile in ms. */
async function watchLag(): Promise<number> {
  return await withEtcd(async (etcd) => {
    await using writer = await openEtcd({ endpoints: [etcd.endpoint] });
    await using watcher = await openEtcd({ endpoints: [etcd.endpoint] });
    const began = new Map<number, number>();
    const lags: number[] = [];
    const count = 500 * SECONDS;
    await new Promise<void>((resolve, reject) => {
      watcher.watch('/', watcher.revision).subscribe(({ value }) => {
        const at = began.get(Number(value.metadata.name?.slice(2)));
        if (at !== undefined) lags.push(performance.now() - at);
        if (lags.length === count) resolve();
      });
      const start = performance.now();
      const clock = systemClock();
      const step = (index: number): void => {
        if (index > count) return;
        began.set(index, performance.now());
        writer.commit([{ key: keyOf(index), value: object(`c-${index}`) }]).catch(reject);
        clock.after(Math.max(0, start + index * 2 - performance.now()), () => step(index + 1));
      };
      step(1);
    });
    return lags.sort((a, b) => a - b)[Math.floor(lags.length * 0.99)] as number;
  });
}

/** A read of the newest state: it asks etcd how far it is. */
const readLatest = (readers: number) => (): Promise<number> =>
  withEtcd(async (etcd) => {
    await using store = await openEtcd({ endpoints: [etcd.endpoint] });
    await store.commit([{ key: keyOf(1), value: object('c-1') }]);
    return await rate(() => store.get(keyOf(1)), readers);
  });

const missing = findEtcd() === undefined ? { missing: 'there is no etcd here' } : {};

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const peer = (writers: number): Pick<Benchmark, 'peer'> => (hasGo() ? { peer: { name: "etcd's own client, in Go", run: createByEtcd(writers) } } : {});

/** What the etcd backend reaches. The rates are of transactions of 4 KB, with everything that makes them commits of a store, on the etcd of this machine. */
export const benchmarks: readonly Benchmark[] = [
  { name: 'etcd: creates of 4 KB, 1 writer', unit: '/s', better: 'higher', run: createInStore(1), ...peer(1), ...missing },
  { name: 'etcd: creates of 4 KB, 64 writers', unit: '/s', better: 'higher', run: createInStore(64), ...peer(64), ...missing },
  { name: 'etcd: the same by the client alone, 64 writers', unit: '/s', better: 'higher', run: createByClient(64), ...missing },
  { name: 'etcd: reads of the newest state, 64 readers', unit: '/s', better: 'higher', run: readLatest(64), ...missing },
  { name: 'etcd: a write until a watcher of another server has it, p99', unit: 'ms', aim: 10, better: 'lower', run: watchLag, ...missing },
];
