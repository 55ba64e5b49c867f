import type { ControllerRevision, DaemonSet, Node, Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, START_MS } from '../../test/objects.ts';
import { computeDaemonSet } from './compute.ts';
import { byTargetNode, isUpdated, targetNode } from './pods.ts';
import { computeDaemonSetStatus, isAvailableDaemon } from './status.ts';

interface World {
  set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: Map<string, Pod>;
  readonly revisions: Map<string, ControllerRevision>;
  uids: number;
  hash: string;
}

const node = (name: string): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} });
const template = (image: string): DaemonSet['spec']['template'] => ({ metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'd', image }] } });
const set = (maxUnavailable: number | string, maxSurge: number | string): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'd', namespace: 'default', uid: 'uid-d', generation: 1 },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: template('a'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } },
  },
});
const ready = (pod: Pod, status: 'True' | 'False'): Pod => ({
  ...pod,
  spec: { ...pod.spec, nodeName: targetNode(pod) ?? '' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status, lastTransitionTime: at(-10) }] },
});

/** The number of things that were done. */
function reconcile(world: World): number {
  const plan = computeDaemonSet({
    nowMs: START_MS,
    set: world.set,
    nodes: world.nodes,
    pods: [...world.pods.values()],
    revisions: [...world.revisions.values()],
  });
  const { newest } = plan.revisions;
  world.hash = plan.hash;
  world.revisions.set(newest.metadata.name, { ...newest, metadata: { ...newest.metadata, uid: newest.metadata.uid ?? `r${world.uids++}` } });
  for (const input of plan.create) {
    const name = `p${world.uids++}`;
    const metadata = { ...input.metadata, name, uid: name, creationTimestamp: at(world.uids) };
    world.pods.set(name, { apiVersion: 'v1', kind: 'Pod', metadata, spec: input.spec ?? { containers: [] }, status: { phase: 'Pending' } } as Pod);
  }
  for (const pod of plan.remove) world.pods.set(pod.metadata.name, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: at(0) } });
  for (const revision of plan.removeRevisions) world.revisions.delete(revision.metadata.name);
  const status = computeDaemonSetStatus({
    nowMs: START_MS,
    set: world.set,
    nodes: world.nodes,
    byNode: byTargetNode([...world.pods.values()]),
    hash: plan.hash,
  });
  if (status !== undefined) world.set = { ...world.set, status };
  return plan.create.length + plan.remove.length + plan.removeRevisions.length + (status === undefined ? 0 : 1) + (plan.revisions.write === undefined ? 0 : 1);
}

function settle(world: World): void {
  for (let i = 0; i < 60; i++) {
    reconcile(world);
    for (const pod of world.pods.values()) {
      if (pod.metadata.deletionTimestamp !== undefined) world.pods.delete(pod.metadata.name);
      else world.pods.set(pod.metadata.name, ready(pod, 'True'));
    }
  }
  expect(reconcile(world)).toBe(0);
  expect([...world.pods.values()].map(targetNode).sort()).toEqual(world.nodes.map(({ metadata }) => metadata.name).sort());
  for (const pod of world.pods.values()) expect(isUpdated(pod, world.hash)).toBe(true);
}

const staying = (world: World, name: string): readonly Pod[] =>
  [...world.pods.values()].filter((pod) => targetNode(pod) === name && pod.metadata.deletionTimestamp === undefined);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reconcile' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ready' as const), which: fc.nat(20) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('gone' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('image' as const), image: fc.constantFrom('a', 'b', 'c') }) },
);
const bounds = fc.oneof(
  fc.record({ maxUnavailable: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom('1%', '40%')), maxSurge: fc.constant(0) }),
  fc.record({ maxUnavailable: fc.constant(0), maxSurge: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom('1%', '40%')) }),
);
const number = (bound: number | string, total: number): number => (typeof bound === 'number' ? bound : Math.ceil((parseInt(bound) * total) / 100));

it('an update leaves no more nodes without an available Pod, and gives no more nodes two, than it may', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), bounds, fc.array(step, { maxLength: 100 }), (count, { maxUnavailable, maxSurge }, steps) => {
      const nodes = Array.from({ length: count }, (_, i) => node(`n${i}`));
      const world: World = { set: set(maxUnavailable, maxSurge), nodes, pods: new Map(), revisions: new Map(), uids: 0, hash: '' };
      settle(world);
      for (const next of steps) {
        const pods = [...world.pods.values()];
        const pod = 'which' in next ? pods[next.which % Math.max(1, pods.length)] : undefined;
        if (next.do === 'reconcile') reconcile(world);
        else if (next.do === 'image') world.set = { ...world.set, spec: { ...world.set.spec, template: template(next.image) } };
        else if (pod !== undefined && next.do === 'ready') world.pods.set(pod.metadata.name, ready(pod, 'True'));
        else if (pod?.metadata.deletionTimestamp !== undefined) world.pods.delete(pod.metadata.name);
        const available = nodes.filter(({ metadata }) => staying(world, metadata.name).some((each) => isAvailableDaemon(each, world.set, START_MS)));
        expect(count - available.length).toBeLessThanOrEqual(number(maxUnavailable, count));
        const double = nodes.filter(({ metadata }) => staying(world, metadata.name).length > 1);
        expect(double.length).toBeLessThanOrEqual(number(maxSurge, count));
      }
      settle(world);
    }),
    { numRuns: 200 },
  );
});
