import { createApiServer } from '@kybern/apiserver';
import { seededRandom, type ObjectInput } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { createScheduler, createSchedulerLoop, createSnapshot, defaultPlugins, type PostBindPlugin } from '@kybern/scheduler';
import type { Benchmark } from '../../../scripts/benchmark.ts';

/** The node and the Pod of upstream's SchedulingBasic, in which 110 Pods fill a node up. */
const status = { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } };
const nodeNamed = (index: number): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: `node-${index}`, labels: { 'kubernetes.io/hostname': `node-${index}` } },
  spec: {},
  status,
});
const requests = { cpu: '100m', memory: '500Mi' };
const spec = {
  containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10.1', ports: [{ containerPort: 80 }], resources: { requests, limits: requests } }],
};
const podNamed = (index: number): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${index}`, namespace: 'default', uid: `uid-${index}` },
  spec,
});
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** Pods per second that the engine places, one after the other, on a snapshot that is kept up to date. */
function decideOnly(nodes: number, pods: number, percentageOfNodesToScore: number): number {
  const engine = createScheduler({ random: seededRandom(1), percentageOfNodesToScore });
  const state = createSnapshot({ nodes: times(nodes, nodeNamed) });
  // Every Pod is an object of its own, as it is when an API server made it.
  const queue = times(pods, (index) => structuredClone(podNamed(index)));
  let startIndex = 0;
  const began = performance.now();
  for (const pod of queue) {
    const decision = engine.schedule(pod, state, { startIndex });
    if (decision.node === undefined) throw new Error(decision.message);
    startIndex = decision.nextStartIndex;
    state.setPod({ ...pod, spec: { ...pod.spec, nodeName: decision.node } });
  }
  return (pods * 1000) / (performance.now() - began);
}

/** Pods per second from the start of the scheduler until the last is bound, through our API server in the same process, events included. */
async function decideAndBind(nodes: number, pods: number): Promise<number> {
  await using api = await createApiServer({ random: seededRandom(1) });
  for (const node of times(nodes, nodeNamed)) {
    await api.client.create(Node, node);
    await api.client.update(Node, node, { subresource: 'status' });
  }
  for (const { metadata, spec } of times(pods, podNamed))
    await api.client.create(Pod, { metadata: { name: metadata.name, namespace: 'default' }, spec } as ObjectInput<Pod>);
  const end = new AbortController();
  let left = pods;
  let allBound: () => void = () => undefined;
  const bound = new Promise<void>((resolve) => (allBound = resolve));
  const count: PostBindPlugin = { name: 'Count', postBind: () => void (--left === 0 && allBound()) };
  const began = performance.now();
  const running = createSchedulerLoop({ client: api.client, plugins: [...defaultPlugins(), count], random: seededRandom(2) }).run(end.signal);
  await Promise.race([bound, running]);
  const rate = (pods * 1000) / (performance.now() - began);
  end.abort(new Error('the benchmark is over'));
  await running;
  return rate;
}

/** Measures after a short run of the same, so that what is measured is compiled. */
const warm = async (measure: (pods: number) => Promise<number> | number, pods: number): Promise<number> => {
  await measure(pods / 10);
  return measure(pods);
};

/** The scheduler's figures. */
export const benchmarks: readonly Benchmark[] = [
  { name: 'scheduler: decide, 100 nodes', unit: 'pods/s', better: 'higher', run: () => warm((pods) => decideOnly(100, pods, 0), 4000) },
  {
    name: 'scheduler: SchedulingBasic decide, 5000 nodes',
    unit: 'pods/s',
    aim: 30_000,
    better: 'higher',
    run: () => warm((pods) => decideOnly(5000, pods, 0), 50_000),
  },
  {
    name: 'scheduler: SchedulingBasic decide, 5000 nodes, all scored',
    unit: 'pods/s',
    better: 'higher',
    run: () => warm((pods) => decideOnly(5000, pods, 100), 10_000),
  },
  { name: 'scheduler: decide + bind, 100 nodes', unit: 'pods/s', aim: 5000, better: 'higher', run: () => warm((pods) => decideAndBind(100, pods), 4000) },
  {
    name: 'scheduler: SchedulingBasic decide + bind, 5000 nodes',
    unit: 'pods/s',
    aim: 8000,
    better: 'higher',
    run: () => warm((pods) => decideAndBind(5000, pods), 10_000),
  },
];
