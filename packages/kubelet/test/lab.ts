import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { randomIds, seededRandom, type Client, type Clock, type DeepPartial, type Logger, type ObjectInput } from '@kybern/core';
import { Event, Lease, Node, Pod, type PodSpec, type PodStatus } from '@kybern/core/kinds';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { createSimulatedRuntime, type SimulatedBehavior, type SimulatedRuntime } from '@kybern/runtime-cri';
import { Observable } from 'rxjs';
import { createKubelet, type KubeletOptions } from '../src/index.ts';

/** Options of {@link createLab}. */
export interface LabOptions {
  readonly behaviors?: readonly SimulatedBehavior[];
  readonly kubelet?: Partial<KubeletOptions>;
  readonly seed?: number;
  /** Registers the node before the lab is handed over. Default true. */
  readonly start?: boolean;
  /** Stands between the kubelet and the API. */
  readonly wrapClient?: (client: Client) => Client;
  /** Default: one of its own. */
  readonly clock?: FakeClock;
  /** How late the events of watches come. Default 0. */
  readonly eventDelayMs?: number;
}

/** One node with its agent on a real API server in memory, in virtual time. */
export interface Lab extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly api: ApiServer;
  readonly client: Client;
  readonly runtime: SimulatedRuntime;
  /** Warnings and errors of the agent. */
  readonly complaints: readonly string[];
  /** Starts the agent; again after {@link Lab.stop}. */
  start(): Promise<void>;
  /** Ends the agent; containers go on. */
  stop(): Promise<void>;
  /** Creates a Pod on the node. */
  create(name: string, spec?: DeepPartial<PodSpec>): Promise<Pod>;
  get(name: string): Promise<Pod>;
  status(name: string): Promise<PodStatus>;
  /** `Reason: message` of the events about an object, in the order of their first writing. */
  events(name: string): Promise<readonly string[]>;
  /** Runs until no work is in progress; time passes. */
  settle(): Promise<void>;
}

export async function createLab(options: LabOptions = {}): Promise<Lab> {
  await Promise.all([Pod, Node, Lease, Event].map((kind) => kind.model()));
  const clock = options.clock ?? createFakeClock();
  const random = seededRandom(options.seed ?? 1);
  const api = await createApiServer({ clock, random, ids: randomIds(random.fork('ids')) });
  const { client } = api;
  const runtime = createSimulatedRuntime({ clock, random, podCidr: '10.244.1.0/24', behaviors: options.behaviors ?? [] });
  const { eventDelayMs = 0 } = options;
  const timely: Client = eventDelayMs === 0 ? client : { ...client, watch: (kind, watching) => late(clock, client.watch(kind, watching), eventDelayMs) };
  const complaints: string[] = [];
  const logger = collectComplaints(complaints);
  let controller = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const lab: Lab = {
    clock,
    api,
    client,
    runtime,
    complaints,
    async start() {
      controller = new AbortController();
      const kubelet = createKubelet({
        name: 'node-1',
        client: options.wrapClient?.(timely) ?? timely,
        runtime,
        clock,
        random,
        logger,
        ...options.kubelet,
      });
      running = kubelet.run(controller.signal);
      await clock.settleNow();
    },
    async stop() {
      controller.abort(new Error('the lab is stopped'));
      await running;
    },
    create: (name, spec = {}) => client.create(Pod, podOf(name, spec)),
    get: (name) => client.get(Pod, name),
    status: async (name) => (await client.get(Pod, name)).status ?? {},
    async events(name) {
      const events = await client.list(Event, { namespace: 'default', fieldSelector: `involvedObject.name=${name}` });
      const ordered = [...events].sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
      return ordered.map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
    },
    settle: () => settle(clock),
    async [Symbol.asyncDispose]() {
      await lab.stop();
      runtime[Symbol.dispose]();
      await api[Symbol.asyncDispose]();
    },
  };
  if (options.start !== false) {
    await lab.start();
    await lab.settle();
  }
  return lab;
}

/** Gives events on when some time has passed, in their order. */
function late<T>(clock: Clock, source: Observable<T>, delayMs: number): Observable<T> {
  return new Observable((subscriber) =>
    source.subscribe({ next: (event) => void clock.after(delayMs, () => subscriber.next(event)), error: (error) => subscriber.error(error) }),
  );
}

function podOf(name: string, spec: DeepPartial<PodSpec>): ObjectInput<Pod> {
  return {
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'nginx:1.25' }], ...spec },
  } as ObjectInput<Pod>;
}

function collectComplaints(complaints: string[]): Logger {
  const complain = (message: string, fields?: Readonly<Record<string, unknown>>): void =>
    void complaints.push(`${message} ${String(fields?.['error'] ?? '')}`.trim());
  const logger: Logger = { debug: () => undefined, info: () => undefined, warn: complain, error: complain, with: () => logger };
  return logger;
}

/** Fires every timer of work in progress, as a settling cluster does. */
export async function settle(clock: FakeClock): Promise<void> {
  await clock.settleNow();
  for (let due = clock.nextDueMs({ includeBackground: false }); due !== undefined; due = clock.nextDueMs({ includeBackground: false })) {
    while (clock.fireNext(due)) await clock.settleNow();
    await clock.settleNow();
  }
}
