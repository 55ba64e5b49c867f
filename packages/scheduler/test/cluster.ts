import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { isAlreadyExists, randomIds, seededRandom, type Client, type ObjectInput } from '@kybern/core';
import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { Event, Node, Pod, PriorityClass } from '@kybern/core/kinds';
import { createSchedulerLoop, type SchedulerLoopOptions } from '../src/loop/scheduler-loop.ts';

/** Options of {@link startCluster}. */
export interface TestClusterOptions extends Omit<SchedulerLoopOptions, 'client' | 'clock' | 'random'> {
  readonly seed?: number;
  readonly nodes?: readonly Node[];
  readonly pods?: readonly Pod[];
  /** What the scheduler gets instead of some of the client's methods. */
  readonly faults?: (client: Client, clock: FakeClock) => Partial<Client>;
}

/** An API server and a scheduler, in virtual time. */
export interface TestCluster extends AsyncDisposable {
  readonly api: ApiServer;
  readonly client: Client;
  readonly clock: FakeClock;
  addNode(node: Node): Promise<void>;
  addPod(pod: Pod): Promise<void>;
  pod(name: string): Promise<Pod>;
  /** Which node each Pod is on, by Pod name; undefined: none. */
  placement(): Promise<Readonly<Record<string, string | undefined>>>;
  /** `Reason pod: message` of every event, in the order of creation. */
  events(): Promise<readonly string[]>;
  /** Lets everything run that can without time passing. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a cluster whose scheduler runs. */
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { seed = 1, nodes = [], pods = [], faults, ...loopOptions } = options;
  const clock = createFakeClock();
  const random = seededRandom(seed);
  const api = await createApiServer({ clock, random: random.fork('api'), ids: randomIds(random.fork('ids')) });
  const { client } = api;
  for (const node of nodes) await addNode(client, node);
  for (const pod of pods) await addPod(client, pod);
  const seen = faults === undefined ? client : withFaults(client, faults(client, clock));
  const loop = createSchedulerLoop({ ...loopOptions, client: seen, clock, random: random.fork('scheduler') });
  const end = new AbortController();
  const running = loop.run(end.signal);
  await loop.synced;
  const cluster: TestCluster = {
    api,
    client,
    clock,
    addNode: (node) => addNode(client, node),
    addPod: (pod) => addPod(client, pod),
    pod: (name) => client.get(Pod, `default/${name}`),
    async placement() {
      return Object.fromEntries([...(await client.list(Pod))].map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
    },
    async events() {
      const list = [...(await client.list(Event))].sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
      return list.map(({ reason, involvedObject, message }) => `${reason} ${involvedObject.name}: ${message}`);
    },
    settle: () => clock.advance(0),
    async stop() {
      end.abort(new Error('the test is over'));
      await running;
    },
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      await api[Symbol.asyncDispose]();
    },
  };
  await cluster.settle();
  return cluster;
}

async function addNode(client: Client, node: Node): Promise<void> {
  const { uid: _uid, ...metadata } = node.metadata;
  await client.create(Node, { ...node, metadata });
  await client.update(Node, { ...node, metadata }, { subresource: 'status' });
}

/** Creates a Pod. A priority is given to it by a PriorityClass of its own, as the API wants it. */
async function addPod(client: Client, pod: Pod): Promise<void> {
  const { uid: _uid, ...metadata } = pod.metadata;
  const { status, spec } = pod;
  const { priority, ...rest } = spec;
  if (priority !== undefined) await addPriorityClass(client, priority);
  await client.create(Pod, { metadata, spec: priority === undefined ? spec : { ...rest, priorityClassName: `priority-${priority}` } });
  if (status !== undefined) await client.update(Pod, { ...pod, metadata } as ObjectInput<Pod>, { subresource: 'status' });
}

async function addPriorityClass(client: Client, value: number): Promise<void> {
  try {
    await client.create(PriorityClass, { metadata: { name: `priority-${value}` }, value });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** The client with some of its methods replaced. */
function withFaults(client: Client, faults: Partial<Client>): Client {
  return new Proxy(client, {
    get(target, name) {
      const own: unknown = Reflect.get(faults, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}
