import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createHttpClient, loadKubeconfig, type HttpClient } from '@kybern/client';
import { sleep, systemClock } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { createGrpcRuntime } from '@kybern/runtime-cri/grpc';
import { findContainerd, startContainerd, type ContainerdInstance } from '@kybern/runtime-cri/grpc/testing';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const PODS = 110;
const EXITS = 60;
const IDLE_MS = 20_000;
const IMAGE = 'docker.io/library/busybox:1.36';
const clock = systemClock();
const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

/** A node of containerd in a process of its own, which has joined a server in another. */
interface Lab extends AsyncDisposable {
  readonly client: HttpClient;
  readonly instance: ContainerdInstance;
  readonly agentPid: number;
}

function kybern(home: string, args: readonly string[]): ChildProcess & { readonly text: () => string } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', bin, ...args], {
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.on('data', (data: Buffer) => (text += data.toString()));
  return Object.assign(child, { text: () => text });
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = clock.monotonicMs() + 120_000;
  while (!(await holds())) {
    if (clock.monotonicMs() > deadlineMs) throw new Error(`${what} does not come`);
    await sleep(clock, 20);
  }
}

async function openLab(): Promise<Lab> {
  const home = await mkdtemp(join(tmpdir(), 'kybern-bench-'));
  const instance = await startContainerd();
  const up = kybern(home, ['up', '--runtime', 'simulated', '--nodes', '0', '--state', 'memory']);
  await until(() => up.text().includes('API server at'), 'the server');
  const token = kybern(home, ['token', 'create']);
  await once(token, 'close');
  const how = token.text().trim().split(' ').slice(1);
  const agent = kybern(home, [...how, '--name', 'here', '--runtime', 'containerd', '--containerd-endpoint', instance.endpoint]);
  const client = createHttpClient(await loadKubeconfig({ file: join(home, '.kybern/kubeconfig') }));
  await until(
    async () =>
      (await client.list(Node)).items.some(({ status }) => status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')),
    'the node',
  );
  return {
    client,
    instance,
    agentPid: agent.pid ?? 0,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      for (const child of [agent, up]) {
        child.kill('SIGTERM');
        await once(child, 'close');
      }
      await instance[Symbol.asyncDispose]();
      // A kubelet leaves those of its classes, and of Pods that it did not see the end of.
      await promisify(execFile)('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', '*/kybern-here*', '-exec', 'rmdir', '{}', ';']);
      await rm(home, { recursive: true, force: true });
    },
  };
}

const newPod = (name: string) => ({
  metadata: { name, namespace: 'default' },
  spec: {
    nodeName: 'here',
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'app', image: IMAGE, command: ['sleep', '100000'] }],
  },
});

/** @returns ms from the first create to the last Running */
async function fill(client: HttpClient): Promise<number> {
  const running = new Set<string>();
  const watch = client.watch(Pod, { namespace: 'default' }).subscribe((event) => {
    if (event.type !== 'BOOKMARK' && 'status' in event.object && event.object.status?.phase === 'Running') running.add(event.object.metadata.name);
  });
  const fromMs = performance.now();
  await Promise.all(Array.from({ length: PODS }, (_, index) => client.create(Pod, newPod(`pod-${String(index)}`) as never)));
  await until(() => running.size === PODS, 'the last Pod');
  const tookMs = performance.now() - fromMs;
  watch.unsubscribe();
  return tookMs;
}

/** CPU time that a process has used, in ms. */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${String(pid)}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function residentMiB(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) / 1024;
}

/** Of an exit: when a watcher of the API knew, and when the runtime itself said so, in ms after it. */
interface Exit {
  readonly apiMs: number;
  readonly runtimeMs: number;
}

/** Kills containers one after another. */
async function exits({ client, instance }: Lab): Promise<readonly Exit[]> {
  using runtime = createGrpcRuntime({ endpoint: instance.endpoint });
  const { containers } = await runtime.listContainers({});
  const waiting = new Map<string, () => void>();
  const watch = client.watch(Pod, { namespace: 'default' }).subscribe((event) => {
    if (event.type === 'BOOKMARK' || !('status' in event.object)) return;
    if (event.object.status?.containerStatuses?.[0]?.state?.terminated !== undefined) waiting.get(event.object.metadata.name)?.();
  });
  const times: Exit[] = [];
  for (const { id: containerId, labels } of containers.slice(0, EXITS)) {
    const { info } = await runtime.containerStatus({ containerId, verbose: true });
    const told = new Promise<void>((resolve) => waiting.set(labels['io.kubernetes.pod.name'] ?? '', resolve));
    const fromMs = performance.now();
    const sinceMs = (): number => performance.now() - fromMs;
    process.kill((JSON.parse(info?.['info'] ?? '{}') as { pid: number }).pid, 'SIGKILL');
    const said = (async () => {
      while ((await runtime.containerStatus({ containerId })).status?.state !== 'CONTAINER_EXITED') await sleep(clock, 1);
      return sinceMs();
    })();
    const [apiMs, runtimeMs] = await Promise.all([told.then(sinceMs), said]);
    times.push({ apiMs, runtimeMs });
  }
  watch.unsubscribe();
  return times;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

interface Figures {
  readonly fillS: number;
  readonly rssMiB: number;
  readonly rssAtStartMiB: number;
  readonly idlePercent: number;
  readonly exits: readonly Exit[];
}

async function measure(): Promise<Figures> {
  await using lab = await openLab();
  const rssAtStartMiB = await residentMiB(lab.agentPid);
  const fillS = (await fill(lab.client)) / 1000;
  await sleep(clock, 3_000);
  const rssMiB = await residentMiB(lab.agentPid);
  const fromMs = await cpuMs(lab.agentPid);
  await sleep(clock, IDLE_MS);
  const idlePercent = (((await cpuMs(lab.agentPid)) - fromMs) / IDLE_MS) * 100;
  return { fillS, rssMiB, rssAtStartMiB, idlePercent, exits: await exits(lab) };
}

let measured: Promise<Figures> | undefined;
/** One run gives all figures. */
const figures = (): Promise<Figures> => (measured ??= measure());

const found = findContainerd();
const missing = 'missing' in found ? { missing: found.missing } : {};

export const benchmarks: readonly Benchmark[] = [
  {
    name: `real node: ${String(PODS)} Pods at once, API create to Running`,
    unit: 's',
    better: 'lower',
    aim: 14,
    ...missing,
    run: async () => (await figures()).fillS,
  },
  {
    name: `real node: memory of the agent with ${String(PODS)} Pods`,
    unit: 'MiB',
    better: 'lower',
    aim: 120,
    ...missing,
    async run() {
      const { rssMiB, rssAtStartMiB } = await figures();
      return { value: rssMiB, more: { withoutPods: rssAtStartMiB } };
    },
  },
  {
    name: `real node: CPU of the agent with ${String(PODS)} Pods that do nothing`,
    unit: '% of a core',
    better: 'lower',
    aim: 2,
    ...missing,
    run: async () => (await figures()).idlePercent,
  },
  {
    name: 'real node: exit of a container to its status in the API (p99)',
    unit: 'ms',
    better: 'lower',
    aim: 50,
    ...missing,
    async run() {
      const { exits: times } = await figures();
      const [api, runtime] = [times.map(({ apiMs }) => apiMs), times.map(({ runtimeMs }) => runtimeMs)];
      const later = times.map(({ apiMs, runtimeMs }) => apiMs - runtimeMs);
      const more = {
        p50: quantile(api, 0.5),
        untilTheRuntimeSaysSoP50: quantile(runtime, 0.5),
        untilTheRuntimeSaysSoP99: quantile(runtime, 0.99),
        afterTheRuntimeP50: quantile(later, 0.5),
        afterTheRuntimeP99: quantile(later, 0.99),
      };
      return { value: quantile(api, 0.99), more };
    },
  },
];
