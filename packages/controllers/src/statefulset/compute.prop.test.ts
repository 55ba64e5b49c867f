import { ownerReference } from '@kybern/core';
import { StatefulSet, type ControllerRevision, type Pod, type StatefulSetSpec } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, START_MS } from '../../test/objects.ts';
import { computeStatefulSet } from './compute.ts';
import { isDesiredOrdinal, ordinalOf, revisionOf } from './identity.ts';
import { computeStatefulSetStatus, isAvailable } from './status.ts';

/** The cluster as a set's controller sees it. */
interface World {
  set: StatefulSet;
  pods: Map<string, Pod>;
  revisions: Map<string, ControllerRevision>;
  uids: number;
}

const which = fc.nat(9);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: 'reconcile' as const }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('ready' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('gone' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'delete' as const, 'unready' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('image' as const), image: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scale' as const), replicas: fc.nat(5) }) },
);

const withSpec = (set: StatefulSet, spec: Partial<StatefulSetSpec>): StatefulSet => ({ ...set, spec: { ...set.spec, ...spec } });
const image = (name: string): Partial<StatefulSetSpec> => ({
  template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: name }] } },
});
const set = (spec: Partial<StatefulSetSpec>): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'default', uid: 'uid-db', generation: 1 },
  spec: { replicas: 3, selector: { matchLabels: { app: 'db' } }, template: { spec: { containers: [] } }, ...image('a'), ...spec },
});
const withStatus = (pod: Pod, phase: NonNullable<NonNullable<Pod['status']>['phase']>, ready: boolean): Pod => ({
  ...pod,
  status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(-100) }] },
});

function reconcile(world: World, strict: boolean): number {
  const before = [...world.pods.values()];
  const plan = computeStatefulSet({ nowMs: START_MS, set: world.set, pods: before, revisions: [...world.revisions.values()], claim: () => undefined });
  const { newest, write } = plan.revisions;
  const { name } = newest.metadata;
  if (write !== undefined) world.revisions.set(name, { ...newest, metadata: { ...newest.metadata, uid: newest.metadata.uid ?? `r${world.uids++}` } });
  for (const action of plan.actions) {
    if (action.type === 'create') {
      const podName = action.pod.metadata?.name ?? '';
      expect(world.pods.has(podName)).toBe(false);
      const ordinal = Number(podName.slice(3));
      if (strict)
        expect(
          before
            .filter((pod) => (ordinalOf(world.set, pod) ?? 0) < ordinal && isDesiredOrdinal(world.set, ordinalOf(world.set, pod) ?? 0))
            .every((pod) => isAvailable(pod, world.set, START_MS)),
        ).toBe(true);
      const metadata = {
        ...action.pod.metadata,
        name: podName,
        uid: `p${world.uids++}`,
        ownerReferences: [ownerReference(StatefulSet, world.set, { controller: true })],
      };
      world.pods.set(podName, withStatus({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } }, 'Pending', false));
    } else if (action.type === 'remove') {
      const pod = action.pod;
      world.pods.set(pod.metadata.name, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: at(0) } });
    }
  }
  if (strict) expect(plan.actions.filter(({ type }) => type === 'create').length).toBeLessThanOrEqual(1);
  for (const revision of plan.remove) world.revisions.delete(revision.metadata.name);
  const names = { currentRevision: plan.current.metadata.name, updateRevision: name };
  const status = computeStatefulSetStatus({ nowMs: START_MS, set: world.set, pods: [...world.pods.values()], ...names });
  if (status !== undefined) world.set = { ...world.set, status };
  return plan.actions.length + (status === undefined ? 0 : 1) + (write === undefined ? 0 : 1) + plan.remove.length;
}

function disturb(world: World, what: 'ready' | 'gone' | 'fail' | 'delete' | 'unready', index: number): void {
  const pods = [...world.pods.values()];
  const pod = pods[index % Math.max(1, pods.length)];
  if (pod === undefined) return;
  const { name, deletionTimestamp } = pod.metadata;
  if (what === 'gone') {
    if (deletionTimestamp !== undefined) world.pods.delete(name);
  } else if (what === 'delete') world.pods.set(name, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: at(0) } });
  else if (what === 'fail') world.pods.set(name, withStatus(pod, 'Failed', false));
  else if (pod.status?.phase !== 'Failed') world.pods.set(name, withStatus(pod, 'Running', what === 'ready'));
}

it('never has two Pods of one name, keeps its order, and comes to rest with what is desired', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('OrderedReady' as const, 'Parallel' as const),
      fc.nat(3),
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 80 }),
      (podManagementPolicy, partition, maxUnavailable, actions) => {
        const ordered = podManagementPolicy === 'OrderedReady';
        const updateStrategy = { type: 'RollingUpdate' as const, rollingUpdate: { partition, maxUnavailable } };
        const world: World = { set: set({ podManagementPolicy, updateStrategy }), pods: new Map(), revisions: new Map(), uids: 0 };
        for (const action of actions) {
          if (action.do === 'reconcile') reconcile(world, ordered);
          else if (action.do === 'image') world.set = withSpec(world.set, image(action.image));
          else if (action.do === 'scale') world.set = withSpec(world.set, { replicas: action.replicas });
          else disturb(world, action.do, action.which);
        }
        for (let i = 0; i < 40; i++) {
          reconcile(world, ordered);
          for (const pod of world.pods.values()) {
            if (pod.metadata.deletionTimestamp !== undefined) world.pods.delete(pod.metadata.name);
            else if (pod.status?.phase !== 'Failed') world.pods.set(pod.metadata.name, withStatus(pod, 'Running', true));
          }
        }
        const replicas = world.set.spec.replicas ?? 0;
        expect([...world.pods.keys()].sort()).toEqual(Array.from({ length: replicas }, (_, i) => `db-${i}`));
        const { updateRevision } = world.set.status ?? {};
        for (const pod of world.pods.values()) if ((ordinalOf(world.set, pod) ?? 0) >= partition) expect(revisionOf(pod)).toBe(updateRevision);
        expect(reconcile(world, ordered)).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
});
