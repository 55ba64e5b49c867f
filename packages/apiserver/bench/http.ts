import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { ConfigMap, Pod } from '@kybern/core/kinds';
import { createApiServer, type ApiServer, type Listener } from '@kybern/apiserver';
import type { Benchmark } from '../../../scripts/benchmark.ts';
import type { LoadJob, LoadResult, LoadTarget } from './load/http-load.ts';

// All figures are per second of the server thread's own processor time, so that the client and others on the machine do not count.

const WARM_UP = 10_000;
const REQUESTS = 6000;
/** Requests are about so many objects, so that writes do not only wait for each other. */
const OBJECTS = 64;
const LISTED = 100_000;
const WATCHERS = 1000;
const EVENTS = 100;
/** For the latency: so many events, at such a pace. */
const PACED_EVENTS = 100;
const PER_SECOND = 50;

/** A Pod of about 4 KB. */
const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: 'web', tier: 'front' }, annotations: { note: 'x'.repeat(1200) } },
  spec: {
    nodeName: 'node-1',
    containers: Array.from({ length: 4 }, (_, i) => ({
      name: `c${String(i)}`,
      image: 'registry.example.com/team/application:1.25.3',
      env: Array.from({ length: 5 }, (_, j) => ({ name: `VARIABLE_${String(j)}`, value: `value-${String(j)}` })),
      ports: [{ containerPort: 8080 + i }],
      resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    })),
  },
});

interface Served extends AsyncDisposable {
  readonly api: ApiServer;
  readonly target: LoadTarget;
}

async function serve(): Promise<Served> {
  const api = await createApiServer({ admission: [] });
  const listener = await api.listen();
  return { api, target: targetOf(listener, listener.url), [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

function targetOf({ certificateAuthority, admin }: Listener, url: string): LoadTarget {
  return { url, ca: certificateAuthority, cert: admin.certificate, key: admin.key };
}

interface Load extends AsyncDisposable {
  run(job: LoadJob, meanwhile?: () => Promise<void>): Promise<Ran>;
}

interface Ran extends LoadResult {
  /** Seconds of this thread's processor time that the job took. */
  readonly seconds: number;
}

function openLoad(target: LoadTarget): Load {
  const worker = new Worker(new URL('./load/http-load.ts', import.meta.url), { workerData: target });
  return {
    async run(job, meanwhile) {
      worker.postMessage(job);
      let before = process.threadCpuUsage();
      if (meanwhile !== undefined) {
        await once(worker, 'message');
        before = process.threadCpuUsage();
        const [, answer] = await Promise.all([meanwhile(), once(worker, 'message')]);
        return { seconds: secondsSince(before), ...(answer as [LoadResult])[0] };
      }
      const [result] = (await once(worker, 'message')) as [LoadResult];
      return { seconds: secondsSince(before), ...result };
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6;
}

/** Requests per second of processor time, after a warm-up. */
async function rate(target: LoadTarget, job: Omit<Extract<LoadJob, { type: 'requests' }>, 'type' | 'count'>): Promise<number> {
  await using load = openLoad(target);
  await load.run({ type: 'requests', count: WARM_UP, ...job });
  const rates: number[] = [];
  for (let i = 0; i < 3; i++) rates.push(REQUESTS / (await load.run({ type: 'requests', count: REQUESTS, ...job })).seconds);
  return rates.sort((a, b) => a - b)[1] as number;
}

/** A server that answers everything with the same bytes: what node can do. */
function bare(bytes: Buffer, job: Omit<Extract<LoadJob, { type: 'requests' }>, 'type' | 'count'>): Promise<number> {
  return bareServer(
    (stream) => {
      stream.resume();
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/json', 'content-length': bytes.length });
        stream.end(bytes);
      });
    },
    (target) => rate(target, job),
  );
}

async function bareServer<T>(onStream: (stream: ServerHttp2Stream) => void, use: (target: LoadTarget) => Promise<T>): Promise<T> {
  await using served = await serve(); // for its certificates
  const { cert, key, ca } = served.target;
  const server = createSecureServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false, settings: SETTINGS });
  server.on('stream', onStream);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use({ ...served.target, url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`, ca: cert });
  } finally {
    server.close();
  }
}

const SETTINGS = { maxConcurrentStreams: 2000 };

const PODS = '/api/v1/namespaces/default/pods';
const bytesOfPod = async (): Promise<Buffer> => {
  await using served = await serve();
  return Buffer.from(JSON.stringify(await served.api.client.create(Pod, pod('a') as never)));
};

async function withPods(served: Served): Promise<void> {
  for (let i = 0; i < OBJECTS; i++) await served.api.client.create(Pod, pod(`a-${String(i)}`) as never);
}

async function get(): Promise<number> {
  await using served = await serve();
  await withPods(served);
  return await rate(served.target, { method: 'GET', path: `${PODS}/a-{n}`, objects: OBJECTS });
}

async function create(): Promise<number> {
  await using served = await serve();
  return await rate(served.target, { method: 'POST', path: PODS, contentType: 'application/json', body: JSON.stringify(pod('pod-{n}')) });
}

const PATCH = { contentType: 'application/merge-patch+json', body: '{"metadata":{"labels":{"n":"{n}"}}}' };

async function patch(): Promise<number> {
  await using served = await serve();
  await withPods(served);
  return await rate(served.target, { method: 'PATCH', path: `${PODS}/a-{n}`, objects: OBJECTS, ...PATCH });
}

interface Listing {
  readonly seconds: number;
  readonly bytes: number;
  readonly firstByteMs: number;
  /** What the process took more than before, at most, in bytes. */
  readonly extra: number;
}

/** One list of many Pods, and what it took. */
async function list(): Promise<Listing> {
  await using served = await serve();
  for (let i = 0; i < LISTED; i++) await served.api.client.create(Pod, pod(`pod-${String(i)}`) as never);
  return await listFrom(served.target, PODS);
}

async function listFrom(target: LoadTarget, path: string): Promise<Listing> {
  await using load = openLoad(target);
  await load.run({ type: 'list', path: `${path}?limit=5000` });
  (globalThis as { gc?: () => void }).gc?.();
  const before = process.memoryUsage();
  let most = 0;
  const sampler = setInterval(() => {
    const { heapUsed, external } = process.memoryUsage();
    most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
  }, 20);
  const { seconds, counted, firstByteMs } = await load.run({ type: 'list', path });
  clearInterval(sampler);
  return { seconds, bytes: counted, firstByteMs, extra: most };
}

/** The same bytes in pieces of the same size, which are there already. */
async function bareList(): Promise<number> {
  const piece = Buffer.alloc(64 * 4096, 'x');
  const pieces = Math.round((LISTED * 4096) / piece.length);
  return bareServer(
    (stream) => {
      stream.respond({ ':status': 200 });
      let left = pieces;
      const send = (): void => {
        while (left > 0) {
          left -= 1;
          if (!stream.write(piece)) {
            stream.once('drain', send);
            return;
          }
        }
        stream.end();
      };
      send();
    },
    async (target) => {
      const { seconds, bytes } = await listFrom(target, '/');
      return bytes / 1e6 / seconds;
    },
  );
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=1';
const NOTE = 'x'.repeat(3800);
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function watch(): Promise<number> {
  await using served = await serve();
  await using load = openLoad(served.target);
  const { seconds, counted } = await load.run({ type: 'watch', path: CONFIG_MAPS, watchers: WATCHERS, expected: EVENTS }, async () => {
    for (let i = 0; i < EVENTS; i++) {
      await served.api.client.create(ConfigMap, { metadata: { name: `c-${String(i)}`, namespace: 'default' }, data: { note: NOTE } });
      await nextTurn();
    }
  });
  return counted / seconds;
}

/**
 * What 99 of 100 events take until the server has handed them to all its connections, in ms. How long they are on their way from there depends on the
 * client, which is slower than the server.
 */
async function watchLatency(): Promise<number> {
  await using served = await serve();
  await using load = openLoad(served.target);
  const times: number[] = [];
  await load.run({ type: 'watch', path: CONFIG_MAPS, watchers: WATCHERS, expected: PACED_EVENTS }, async () => {
    for (let i = 0; i < PACED_EVENTS; i++) {
      const begun = performance.now();
      await served.api.client.create(ConfigMap, { metadata: { name: `c-${String(i)}`, namespace: 'default' }, data: { note: NOTE } });
      await nextTurn();
      await nextTurn();
      times.push(performance.now() - begun);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 / PER_SECOND - (performance.now() - begun))));
    }
  });
  return times.sort((a, b) => a - b)[Math.floor(PACED_EVENTS * 0.99)] as number;
}

/** Bytes of heap and buffers that a watcher takes. */
async function watcherSize(): Promise<number> {
  await using served = await serve();
  await using load = openLoad(served.target);
  const size = (): number => {
    (globalThis as { gc?: () => void }).gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  await load.run({ type: 'list', path: PODS });
  const before = size();
  let after = 0;
  await load.run({ type: 'watch', path: CONFIG_MAPS, watchers: WATCHERS, expected: 1 }, async () => {
    after = size();
    await served.api.client.create(ConfigMap, { metadata: { name: 'c', namespace: 'default' }, data: {} });
  });
  return (after - before) / WATCHERS;
}

/** The same number of lines of the same size, written by hand. */
async function bareWatch(): Promise<number> {
  const streams: ServerHttp2Stream[] = [];
  const line = Buffer.from(`${'x'.repeat(4100)}\n`);
  return bareServer(
    (stream) => {
      stream.respond({ ':status': 200 });
      streams.push(stream);
    },
    async (target) => {
      await using load = openLoad(target);
      const { seconds, counted } = await load.run({ type: 'watch', path: '/', watchers: WATCHERS, expected: EVENTS }, async () => {
        for (let i = 0; i < EVENTS; i++) {
          for (const stream of streams) stream.write(line);
          await nextTurn();
        }
      });
      return counted / seconds;
    },
  );
}

const BARE = 'a bare node HTTP/2 server, same bytes';

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'get of a 4 KB Pod, HTTP/2 and TLS',
    unit: '/s',
    better: 'higher',
    aim: 25_000,
    run: get,
    peer: { name: BARE, run: async () => bare(await bytesOfPod(), { method: 'GET', path: '/' }) },
  },
  {
    name: 'create of a 4 KB Pod, HTTP/2 and TLS',
    unit: '/s',
    better: 'higher',
    aim: 8000,
    run: create,
    peer: { name: BARE, run: async () => bare(await bytesOfPod(), { method: 'POST', path: '/', body: JSON.stringify(pod('pod-{n}')) }) },
  },
  {
    name: 'merge patch of a 4 KB Pod, HTTP/2 and TLS',
    unit: '/s',
    better: 'higher',
    aim: 6000,
    run: patch,
    peer: { name: BARE, run: async () => bare(await bytesOfPod(), { method: 'PATCH', path: '/', ...PATCH }) },
  },
  {
    name: `list of ${String(LISTED)} Pods of 4 KB, HTTP/2 and TLS`,
    unit: 'MB/s',
    better: 'higher',
    aim: 426,
    async run() {
      const { bytes, seconds } = await list();
      return bytes / 1e6 / seconds;
    },
    peer: { name: 'a bare node HTTP/2 server, as many bytes that are there already', run: bareList },
  },
  { name: `first byte of a list of ${String(LISTED)} Pods of 4 KB`, unit: 'ms', better: 'lower', aim: 10, run: async () => (await list()).firstByteMs },
  { name: `memory that a list of ${String(LISTED)} Pods of 4 KB takes`, unit: 'MB', better: 'lower', aim: 32, run: async () => (await list()).extra / 1e6 },
  {
    name: `deliveries to ${String(WATCHERS)} watchers, HTTP/2 and TLS`,
    unit: '/s',
    better: 'higher',
    aim: 100_000,
    run: watch,
    peer: { name: 'a bare node HTTP/2 server, lines of the same size', run: bareWatch },
  },
  {
    name: `until an event is handed to ${String(WATCHERS)} watchers at ${String(PER_SECOND)} events/s, 99 of 100`,
    unit: 'ms',
    better: 'lower',
    aim: 20,
    run: watchLatency,
  },
  { name: `memory of one of ${String(WATCHERS)} watchers`, unit: 'bytes', better: 'lower', aim: 25_000, run: watcherSize },
];
