import { createApiServer } from '@kybern/apiserver';
import { keyOf, seededRandom, type Client, type Kind, type KubernetesObject, type ObjectInput } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { createSchedulerLoop, type Plugin, type PostBindPlugin } from '@kybern/scheduler';
import { Placer } from './decide.ts';
import { buildWorkload, type Workload, type WorkloadData } from './workload.ts';

interface Options {
  readonly plugins: readonly Plugin[];
  readonly percentageOfNodesToScore: number;
}

/** How a row did, bindings included. */
export interface Bound {
  readonly podsPerSec: number;
  /** Time of the processor for scheduler and API server together, which other work on the machine does not falsify. */
  readonly cpuMicrosPerPod: number;
}

/** Pods per second from when the scheduler knows everything until the last measured Pod is bound, through our API server in the same process. */
export async function decideAndBind(row: WorkloadData, options: Options, scale = 1): Promise<Bound> {
  const workload = buildWorkload(row, scale);
  await using api = await createApiServer({ random: seededRandom(1) });
  await fill(api.client, workload, options);
  const wanted = new Set(workload.measured.map(keyOf));
  let allBound: () => void = () => undefined;
  const bound = new Promise<void>((resolve) => (allBound = resolve));
  const count: PostBindPlugin = {
    name: 'Count',
    postBind: (pod) => {
      if (wanted.delete(keyOf(pod)) && wanted.size === 0) allBound();
    },
  };
  const end = new AbortController();
  const { percentageOfNodesToScore, plugins } = options;
  const loop = createSchedulerLoop({ client: api.client, plugins: [...plugins, count], percentageOfNodesToScore, random: seededRandom(2) });
  const running = loop.run(end.signal);
  await loop.synced;
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  const stopChurn = churn(api.client, workload);
  await Promise.race([bound, running]);
  const podsPerSec = (workload.measured.length * 1000) / (performance.now() - began);
  const { user, system } = process.cpuUsage(cpuBefore);
  stopChurn();
  end.abort(new Error('the benchmark is over'));
  await running;
  return { podsPerSec, cpuMicrosPerPod: (user + system) / workload.measured.length };
}

/** Makes everything, the init Pods on the nodes that the engine chooses for them. */
async function fill(client: Client, workload: Workload, options: Options): Promise<void> {
  for (const namespace of workload.namespaces) if (namespace.metadata.name !== 'default') await create(client, kinds.Namespace, namespace);
  if (workload.churn !== undefined) await create(client, kinds.Namespace, { metadata: { name: 'churn' } } as kinds.Namespace);
  for (const node of workload.nodes) {
    await create(client, kinds.Node, node);
    await client.update(kinds.Node, node, { subresource: 'status' });
  }
  await create(client, kinds.PriorityClass, HIGH);
  for (const service of workload.services) await create(client, kinds.Service, service);
  for (const volume of workload.persistentVolumes) await create(client, kinds.PersistentVolume, volume);
  for (const claim of workload.persistentVolumeClaims) {
    await create(client, kinds.PersistentVolumeClaim, claim);
    await client.update(kinds.PersistentVolumeClaim, claim, { subresource: 'status' });
  }
  for (const csiNode of workload.csiNodes) await create(client, kinds.CSINode, csiNode);
  const placer = new Placer(workload, options);
  for (const pod of workload.init) {
    const nodeName = placer.place(pod);
    if (nodeName === undefined) throw new Error('an init Pod found no node');
    await createPod(client, { ...pod, spec: { ...pod.spec, nodeName } });
  }
  for (const pod of [...workload.gated, ...workload.measured]) await createPod(client, pod);
}

/** A priority is given by a class, as the API wants it. */
async function createPod(client: Client, pod: kinds.Pod): Promise<void> {
  const { priority = 0, ...spec } = pod.spec;
  await create(client, kinds.Pod, priority === 0 ? { ...pod, spec } : { ...pod, spec: { ...spec, priorityClassName: `priority-${priority}` } });
}

/** The only priority that the workloads have besides 0. */
const HIGH: kinds.PriorityClass = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'priority-10' }, value: 10 };

async function create<T extends KubernetesObject>(client: Client, kind: Kind<T>, object: T): Promise<void> {
  const { uid: _uid, ...metadata } = object.metadata ?? {};
  await client.create(kind, { ...object, metadata } as unknown as ObjectInput<T>);
}

/** Pods that come while the others are placed. */
function churn(client: Client, { churn: wanted }: Workload): () => void {
  if (wanted === undefined) return () => undefined;
  const timer = setInterval(() => {
    for (const pod of wanted.make()) void createPod(client, pod).catch(() => undefined);
  }, wanted.intervalMs);
  return () => clearInterval(timer);
}
