// The ingress proxy beside nginx as the same reverse proxy. Client and endpoint are as cheap as can be, so that the proxy is what is measured: they speak as much
// HTTP as these requests need.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createIngressProxy } from '@kybern/dataplane';
import type { Ingress } from '@kybern/core/kinds';
import { compileIngresses, createRoutingTable } from '@kybern/netmodel';
import type { Benchmark, Measured } from '../../../scripts/benchmark.ts';

const CONNECTIONS = 32;
const REQUESTS = 60_000;
const BODY = 'x'.repeat(1024);
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${String(BODY.length)}\r\n\r\n${BODY}`;
const QUESTION = 'GET /shop/cart?id=7 HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\nUser-Agent: bench\r\nCookie: session=0123456789abcdef\r\n\r\n';

/** The endpoint, in a process of its own. */
async function serveEndpoint(): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    let rest = '';
    socket.on('error', () => socket.destroy());
    socket.setEncoding('latin1').on('data', (piece: string) => {
      rest += piece;
      for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
        rest = rest.slice(end + 4);
        socket.write(ANSWER);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.({ port: (server.address() as AddressInfo).port });
  process.on('disconnect', () => process.exit());
}

/** The proxy, in a process of its own. */
async function serveProxy(endpointPort: number): Promise<void> {
  const proxy = createIngressProxy({ listeners: [{ host: '127.0.0.1', port: 0 }] });
  const backend = { service: { name: 'shop', port: { number: 80 } } };
  const rules: NonNullable<Ingress['spec']>['rules'] = [{ host: 'shop.example', http: { paths: [{ path: '/shop', pathType: 'Prefix', backend }] } }];
  const meta = { name: 'shop', namespace: 'default' };
  proxy.setRoutes(createRoutingTable(compileIngresses([{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: meta, spec: { rules } }])));
  proxy.endpoints.set('default/shop', { apiVersion: 'v1', kind: 'Service', metadata: meta, spec: { ports: [{ port: 80 }] } }, [
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: meta,
      addressType: 'IPv4',
      ports: [{ port: endpointPort }],
      endpoints: [{ addresses: ['127.0.0.1'] }],
    },
  ]);
  const stop = new AbortController();
  process.on('disconnect', () => stop.abort());
  const running = proxy.run(stop.signal);
  process.send?.({ port: (await proxy.addresses)[0]?.port });
  await running;
}

async function start(...args: readonly string[]): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(fileURLToPath(import.meta.url), args, { execArgv: process.execArgv });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

/** CPU time of a process and its children's, in seconds: from the system, since nginx does not tell. */
async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${String(pid)}/stat`, 'utf8')));
  return stats.reduce((sum, stat) => {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

async function load(port: number, requests: number): Promise<void> {
  let left = requests;
  const client = async (): Promise<void> => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    await new Promise<void>((resolve, reject) => {
      let missing = 0;
      const next = (): void => {
        if (left-- <= 0) return void socket.end(resolve);
        missing = -1;
        socket.write(QUESTION);
      };
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the proxy closed the connection')));
      socket.on('data', (piece: Buffer) => {
        if (missing < 0) {
          const head = piece.indexOf('\r\n\r\n');
          if (head < 0 || !piece.toString('latin1', 0, 12).endsWith('200')) return reject(new Error(`unexpected answer: ${piece.toString('latin1', 0, 100)}`));
          missing = head + 4 + BODY.length;
        }
        missing -= piece.length;
        if (missing === 0) next();
      });
      next();
    });
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
}

async function measure(port: number, pids: readonly number[]): Promise<Measured> {
  await load(port, REQUESTS / 4);
  const [before, began] = [await cpuSeconds(pids), performance.now()];
  await load(port, REQUESTS);
  const seconds = (performance.now() - began) / 1000;
  return { value: REQUESTS / seconds, more: { perCpuSecond: REQUESTS / ((await cpuSeconds(pids)) - before) } };
}

async function ours(): Promise<Measured> {
  const endpoint = await start('endpoint');
  const proxy = await start('proxy', String(endpoint.port));
  try {
    return await measure(proxy.port, [proxy.child.pid ?? 0]);
  } finally {
    for (const { child } of [proxy, endpoint]) child.disconnect();
    await Promise.all([proxy, endpoint].map(({ child }) => once(child, 'exit')));
  }
}

/** Debian's nginx with one worker, which keeps its connections to the endpoint. */
async function nginx(): Promise<Measured> {
  const endpoint = await start('endpoint');
  const directory = await mkdtemp(join(tmpdir(), 'kybern-nginx-'));
  const port = 20_000 + (process.pid % 20_000);
  const config = `daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  keepalive_requests 1000000;
  upstream shop { server 127.0.0.1:${String(endpoint.port)}; keepalive 64; }
  server {
    listen 127.0.0.1:${String(port)}; server_name shop.example;
    location /shop {
      proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
  await writeFile(join(directory, 'nginx.conf'), config);
  const child = spawn('nginx', ['-c', join(directory, 'nginx.conf')], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
  });
  const failed = once(child, 'error').then(([error]) => Promise.reject(new Error('nginx cannot be started: Debian has it as nginx-light', { cause: error })));
  try {
    return await Promise.race([sleep(300).then(() => measure(port, [child.pid ?? 0])), failed as Promise<never>]);
  } finally {
    child.kill('SIGTERM');
    endpoint.child.disconnect();
    await rm(directory, { recursive: true, force: true });
  }
}

const [, , role, port] = process.argv;
if (role === 'endpoint') await serveEndpoint();
else if (role === 'proxy') await serveProxy(Number(port));

export const benchmarks: readonly Benchmark[] = [
  { name: 'ingress: requests per second, 32 connections, 1 KB', unit: '1/s', better: 'higher', run: ours },
  { name: 'ingress: the same by nginx, one worker', unit: '1/s', better: 'higher', run: nginx },
  {
    name: 'ingress: share of nginx’s requests per second',
    unit: '%',
    better: 'higher',
    aim: 60,
    run: async () => {
      const [own, peer] = [await ours(), await nginx()];
      const byProcessor = ((own.more['perCpuSecond'] ?? 0) / (peer.more['perCpuSecond'] ?? 1)) * 100;
      return { value: (own.value / peer.value) * 100, more: { 'with the same processor time, %': byProcessor } };
    },
  },
];
