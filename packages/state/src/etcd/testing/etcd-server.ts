import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { noopLogger, sleep, systemClock, systemRandom } from '@kybern/core';
import { etcdMethods } from '../generated/etcd.ts';
import { EtcdClient } from '../internal/etcd-client.ts';

/** Options of {@link startEtcd}. */
export interface EtcdServerOptions {
  /** Default: {@link findEtcd}. */
  readonly binary?: string;
  /** Where its data is. Default: a temporary folder, which goes with the server. */
  readonly folder?: string;
  /** More arguments of the command line, such as `--quota-backend-bytes=...`. */
  readonly args?: readonly string[];
  /** Whether clients have to use `https`; the certificates are in `args`. Default false. */
  readonly secure?: boolean;
}

/** A real etcd on loopback, for tests. */
export interface EtcdServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly folder: string;
  /** Sends a signal to the process; resolves once it is gone, or stopped. */
  signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Starts it again, at the same ports, with the data that it has; resolves once it answers. */
  start(): Promise<void>;
}

/** The etcd of `$KYBERN_TEST_ETCD`, else the first on the PATH; undefined when there is none. */
export function findEtcd(): string | undefined {
  const candidates = [process.env.KYBERN_TEST_ETCD ?? '', ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'etcd'))];
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return path !== '';
    } catch {
      return false; // not there, or not to be run: the next one
    }
  });
}

/** Starts etcd with one member, and resolves once it answers. @throws {Error} there is no etcd, or it ends at once */
export async function startEtcd(options: EtcdServerOptions = {}): Promise<EtcdServer> {
  const [client = 0, peer = 0] = await freePorts(2);
  const scheme = options.secure === true ? 'https' : 'http';
  const server = await prepare({
    ...options,
    name: 'one',
    client: `${scheme}://127.0.0.1:${client}`,
    peer: `http://127.0.0.1:${peer}`,
    cluster: `one=http://127.0.0.1:${peer}`,
  });
  await server.start();
  return server;
}

/** Where the members of a cluster are. */
export interface EtcdMemberPlan {
  readonly name: string;
  /** Where it listens for clients. */
  readonly client: string;
  /** Where it listens for members. */
  readonly peer: string;
  /** Where the others are told that it is. Default: `peer`. */
  readonly advertised?: string;
}

/** Starts etcd with several members, and resolves once all of them answer. */
export async function startEtcdCluster(plans: readonly EtcdMemberPlan[], options: EtcdServerOptions = {}): Promise<readonly EtcdServer[]> {
  const cluster = plans.map(({ name, peer, advertised = peer }) => `${name}=${advertised}`).join(',');
  const servers = await Promise.all(plans.map((plan) => prepare({ ...options, ...plan, cluster })));
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}

/** Ports that nobody listened at just now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A signal that stops a process takes a moment to arrive, on a machine that is busy. */
async function untilStopped(pid: number): Promise<void> {
  if (process.platform !== 'linux') return;
  for (;;) {
    const threads = await readdir(`/proc/${pid}/task`);
    const stats = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
    // The state comes after the name, which is in brackets.
    if (stats.every((text) => /^.*\) [Tt]/s.test(text))) return;
    await sleep(systemClock(), 5);
  }
}

/** How long it may take to answer, on a machine that is busy with other tests. */
const START_MS = 120_000;

async function prepare(options: EtcdServerOptions & EtcdMemberPlan & { readonly cluster: string }): Promise<EtcdServer> {
  const binary = options.binary ?? findEtcd();
  if (binary === undefined) throw new Error("there is no etcd on the PATH: install it, for instance with Debian's package etcd-server");
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'kybern-etcd-')));
  let child: ChildProcess | undefined;
  let text = '';
  const launch = (): ChildProcess => {
    const started = spawn(binary, argumentsOf(options, folder), { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH } });
    started.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)));
    return started;
  };
  const server: EtcdServer = {
    endpoint: options.client,
    folder,
    async signal(name) {
      const current = child;
      if (current === undefined || current.exitCode !== null || current.signalCode !== null) return;
      const gone = name === 'SIGKILL' || name === 'SIGTERM' ? once(current, 'exit') : undefined;
      current.kill(name);
      await gone;
      if (name === 'SIGSTOP') await untilStopped(current.pid ?? 0);
    },
    async start() {
      const started = launch();
      child = started;
      if (options.secure !== true) await untilItAnswers(options.client, { ended: () => (started.exitCode === null ? undefined : text) });
    },
    async [Symbol.asyncDispose]() {
      await server.signal('SIGKILL');
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
  return server;
}

function argumentsOf(
  { name, client, peer, advertised = peer, cluster, args = [] }: EtcdServerOptions & EtcdMemberPlan & { cluster: string },
  folder: string,
): string[] {
  return [
    `--name=${name}`,
    `--data-dir=${join(folder, 'data')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${advertised}`,
    `--initial-cluster=${cluster}`,
    '--logger=zap',
    '--log-level=error',
    ...args,
  ];
}

async function untilItAnswers(endpoint: string, { ended }: { ended: () => string | undefined }): Promise<void> {
  const clock = systemClock();
  const deadlineMs = clock.monotonicMs() + START_MS;
  const parts = { endpoints: [endpoint], tls: {}, user: undefined, clock, random: systemRandom(), logger: noopLogger };
  for (;;) {
    const client = new EtcdClient({ ...parts, requestTimeoutMs: 1000, dialTimeoutMs: 1000, check: () => Promise.resolve() });
    try {
      await client.call(etcdMethods.status, {});
      return;
    } catch (error) {
      const why = ended();
      if (why !== undefined) throw new Error(`etcd ended at once:\n${why}`, { cause: error });
      if (clock.monotonicMs() > deadlineMs) throw error;
      await sleep(clock, 50);
    } finally {
      client.close();
    }
  }
}
