import { Session } from 'node:inspector/promises';
import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { randomIds, seededRandom, type Client, type Random } from '@kybern/core';
import { Event, Lease, Node, Pod } from '@kybern/core/kinds';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { createKubelet, createPodSource, type PodSource } from '@kybern/kubelet';
import { createSimulatedRuntime } from '@kybern/runtime-cri';
import type { Benchmark } from '../../../scripts/benchmark.ts';

const NODES = 100;
const PODS = 3000;

/** A control plane without controllers, and simulated nodes that are ready. */
interface Setup extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly api: ApiServer;
  readonly client: Client;
  readonly random: Random;
  readonly source: PodSource;
  startNodes(count: number): Promise<void>;
}

async function setUp(): Promise<Setup> {
  await Promise.all([Pod, Node, Lease, Event].map((kind) => kind.model()));
  const clock = createFakeClock();
  const random = seededRandom(1);
  const api = await createApiServer({ clock, random, ids: randomIds(random.fork('ids')) });
  const { client } = api;
  const stop = new AbortController();
  const source = createPodSource(client, { clock, random });
  const running: Promise<void>[] = [source.run(stop.signal)];
  return {
    clock,
    api,
    client,
    random,
    source,
    async startNodes(count) {
      for (let i = 0; i < count; i++) {
        const name = `node-${i}`;
        const own = random.fork(name);
        const runtime = createSimulatedRuntime({ clock, random: own, podCidr: `10.${Math.floor(i / 256)}.${i % 256}.0/24` });
        running.push(createKubelet({ name, client, runtime, pods: source, clock, random: own }).run(stop.signal));
      }
      await clock.settleNow();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      await api[Symbol.asyncDispose]();
    },
  };
}

function newPod(index: number) {
  return {
    metadata: { name: `pod-${index}`, namespace: 'default', labels: { app: 'bench' } },
    spec: {
      nodeName: `node-${index % NODES}`,
      containers: [{ name: 'app', image: 'nginx:1.25', resources: { requests: { cpu: '10m', memory: '16Mi' } } }],
    },
  };
}

/** Fires every timer of work in progress, as a settling cluster does. */
async function settle(clock: FakeClock): Promise<void> {
  await clock.settleNow();
  for (let due = clock.nextDueMs({ includeBackground: false }); due !== undefined; due = clock.nextDueMs({ includeBackground: false })) {
    while (clock.fireNext(due));
    await clock.settleNow();
  }
}

/** CPU time of the process in ms: other processes do not disturb it. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function podLife(): Promise<{ startUs: number; endUs: number }> {
  await using setup = await setUp();
  await setup.startNodes(NODES);
  await settle(setup.clock);
  for (let i = 0; i < PODS; i++) await setup.client.create(Pod, newPod(i));
  const started = cpuMs();
  await settle(setup.clock);
  const startUs = ((cpuMs() - started) * 1000) / PODS;
  const running = await setup.client.list(Pod, { fieldSelector: 'status.phase=Running' });
  if (running.items.length !== PODS) throw new Error(`only ${running.items.length} of ${PODS} Pods run`);
  const ending = cpuMs();
  await setup.client.deleteCollection(Pod, { namespace: 'default' });
  await settle(setup.clock);
  const endUs = ((cpuMs() - ending) * 1000) / PODS;
  if ((await setup.client.list(Pod)).items.length > 0) throw new Error('Pods are left');
  return { startUs, endUs };
}

/** The CPU time of a Pod's life that the kubelet's and the simulated runtime's own code takes in µs: its share of a sampling profile. */
async function ownShareUs(): Promise<number> {
  await podLife();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const from = cpuMs();
  await podLife();
  const tookMs = cpuMs() - from;
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const own = new Set(profile.nodes.filter(({ callFrame }) => /packages\/(kubelet|runtime-cri)\//.test(callFrame.url)).map(({ id }) => id));
  const samples = profile.samples ?? [];
  return ((samples.filter((id) => own.has(id)).length / samples.length) * tookMs * 1000) / PODS;
}

export const benchmarks: readonly Benchmark[] = [
  {
    name: 'kubelet: start a node, registration and API server included',
    unit: 'ms of CPU',
    aim: 0.3,
    better: 'lower',
    async run() {
      await using warmUp = await setUp();
      await warmUp.startNodes(200);
      await using setup = await setUp();
      const from = cpuMs();
      await setup.startNodes(500);
      await settle(setup.clock);
      return (cpuMs() - from) / 500;
    },
  },
  {
    name: 'kubelet: a Pod from bound to ready, API server and runtime included',
    unit: 'µs of CPU',
    better: 'lower',
    async run() {
      await podLife();
      return (await podLife()).startUs;
    },
  },
  {
    name: "kubelet: a Pod's whole life, API server and runtime included",
    unit: 'µs of CPU',
    better: 'lower',
    async run() {
      await podLife();
      const { startUs, endUs } = await podLife();
      return startUs + endUs;
    },
  },
  {
    name: "kubelet: a Pod's whole life, the kubelet's and the simulated runtime's code alone",
    unit: 'µs of CPU',
    aim: 300,
    better: 'lower',
    run: ownShareUs,
  },
  {
    name: 'kubelet: 10 minutes of 500 idle nodes',
    unit: 'µs of CPU per node and second',
    better: 'lower',
    async run() {
      await using setup = await setUp();
      await setup.startNodes(500);
      await settle(setup.clock);
      const from = cpuMs();
      const untilMs = setup.clock.monotonicMs() + 600_000;
      while (setup.clock.fireNext(untilMs)) await setup.clock.settleNow();
      return ((cpuMs() - from) * 1000) / 500 / 600;
    },
  },
  {
    name: 'kubelet: 5,000 simulated nodes that send heartbeats, API server included',
    unit: '% of a core',
    better: 'lower',
    aim: 20,
    async run() {
      await using setup = await setUp();
      await setup.startNodes(5_000);
      await settle(setup.clock);
      const idle = async (ms: number): Promise<number> => {
        const from = cpuMs();
        const untilMs = setup.clock.monotonicMs() + ms;
        while (setup.clock.fireNext(untilMs)) await setup.clock.settleNow();
        return cpuMs() - from;
      };
      await idle(60_000);
      const spanMs = 300_000;
      const value = ((await idle(spanMs)) / spanMs) * 100;
      return { value, more: { residentMiB: process.memoryUsage().rss / 2 ** 20, residentAimMiB: 1024 } };
    },
  },
];
