import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { ConfigMap, Pod } from '@kybern/core/kinds';
import { createApiServer, type ApiServer, type Listener } from '@kybern/apiserver';
import type { Benchmark } from '../../../scripts/benchmark.ts';
import type { LoadJob, LoadTarget } from './load/http-load.ts';

// All figures are per second of the server thread's own processor time, so that the client and others on the machine do not count.

const REQUESTS = 6000;
const LISTED = 10_000;
const WATCHERS = 200;
const EVENTS = 300;

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
  /** Seconds of this thread's processor time that the job took, and what the client counted. */
  run(job: LoadJob, meanwhile?: () => Promise<void>): Promise<{ readonly seconds: number; readonly counted: number }>;
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
        const [, counted] = await Promise.all([meanwhile(), once(worker, 'message')]);
        return { seconds: secondsSince(before), counted: (counted as [number])[0] };
      }
      const [counted] = (await once(worker, 'message')) as [number];
      return { seconds: secondsSince(before), counted };
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
  await load.run({ type: 'requests', count: REQUESTS / 3, ...job });
  const { seconds } = await load.run({ type: 'requests', count: REQUESTS, ...job });
  return REQUESTS / seconds;
}

/** A server that answers everything with the same bytes: what node can do. */
async function bare<T>(bytes: Buffer, use: (target: LoadTarget) => Promise<T>): Promise<T> {
  await using served = await serve(); // for its certificates
  const { cert, key, ca } = served.target;
  const server = createSecureServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false });
  server.on('stream', (stream) => {
    stream.resume();
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/json', 'content-length': bytes.length });
      stream.end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use({ ...served.target, url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`, ca: cert });
  } finally {
    server.close();
  }
}

const PODS = '/api/v1/namespaces/default/pods';
const bytesOfPod = async (): Promise<Buffer> => {
  await using served = await serve();
  return Buffer.from(JSON.stringify(await served.api.client.create(Pod, pod('a') as never)));
};

async function get(): Promise<number> {
  await using served = await serve();
  await served.api.client.create(Pod, pod('a') as never);
  return await rate(served.target, { method: 'GET', path: `${PODS}/a` });
}

async function create(): Promise<number> {
  await using served = await serve();
  return await rate(served.target, { method: 'POST', path: PODS, contentType: 'application/json', body: JSON.stringify(pod('pod-{n}')), numbered: true });
}

async function patch(): Promise<number> {
  await using served = await serve();
  await served.api.client.create(Pod, pod('a') as never);
  return await rate(served.target, {
    method: 'PATCH',
    path: `${PODS}/a`,
    contentType: 'application/merge-patch+json',
    body: '{"metadata":{"labels":{"n":"{n}"}}}',
    numbered: true,
  });
}

async function list(): Promise<number> {
  await using served = await serve();
  for (let i = 0; i < LISTED; i++) await served.api.client.create(Pod, pod(`pod-${String(i)}`) as never);
  await using load = openLoad(served.target);
  await load.run({ type: 'list', path: PODS });
  const { seconds, counted } = await load.run({ type: 'list', path: PODS });
  return counted / 1e6 / seconds;
}

async function watch(): Promise<number> {
  await using served = await serve();
  await using load = openLoad(served.target);
  const { seconds, counted } = await load.run(
    { type: 'watch', path: '/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=1', watchers: WATCHERS, expected: EVENTS },
    async () => {
      for (let i = 0; i < EVENTS; i++) {
        await served.api.client.create(ConfigMap, { metadata: { name: `c-${String(i)}`, namespace: 'default' }, data: { note: 'x'.repeat(1000) } });
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  );
  return counted / seconds;
}

/** The same number of lines of the same size, written by hand. */
async function bareWatch(): Promise<number> {
  await using served = await serve(); // for its certificates
  const { cert, key } = served.target;
  const server = createSecureServer({ cert, key });
  const streams: ServerHttp2Stream[] = [];
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    streams.push(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  await using load = openLoad({ ...served.target, url, ca: cert });
  const line = Buffer.from(`${'x'.repeat(1400)}\n`);
  const { seconds, counted } = await load.run({ type: 'watch', path: '/', watchers: WATCHERS, expected: EVENTS }, async () => {
    for (let i = 0; i < EVENTS; i++) {
      for (const stream of streams) stream.write(line);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  server.close();
  return counted / seconds;
}

const BARE = 'a bare node HTTP/2 server, same bytes';

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'get of a 4 KB Pod, HTTP/2 and TLS',
    unit: '/s',
    better: 'higher',
    aim: 25_000,
    run: get,
    peer: { name: BARE, run: async () => bare(await bytesOfPod(), (target) => rate(target, { method: 'GET', path: '/' })) },
  },
  {
    name: 'create of a 4 KB Pod, HTTP/2 and TLS',
    unit: '/s',
    better: 'higher',
    aim: 8000,
    run: create,
    peer: {
      name: BARE,
      run: async () => bare(await bytesOfPod(), (target) => rate(target, { method: 'POST', path: '/', body: JSON.stringify(pod('pod-{n}')), numbered: true })),
    },
  },
  { name: 'merge patch of a 4 KB Pod, HTTP/2 and TLS', unit: '/s', better: 'higher', aim: 6000, run: patch },
  { name: `list of ${String(LISTED)} Pods of 4 KB, HTTP/2 and TLS`, unit: 'MB/s', better: 'higher', aim: 426, run: list },
  {
    name: `deliveries to ${String(WATCHERS)} watchers, HTTP/2 and TLS`,
    unit: '/s',
    better: 'higher',
    aim: 100_000,
    run: watch,
    peer: { name: 'a bare node HTTP/2 server, lines of the same size', run: bareWatch },
  },
];
