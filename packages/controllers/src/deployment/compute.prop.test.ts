import type { Deployment, ReplicaSet } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, deployment, replicaSet, rolling, START_MS } from '../../test/objects.ts';
import { computeDeployment } from './compute.ts';
import { rolloutBounds } from './strategy.ts';

/** A ReplicaSet with its Pods, and a status that may be behind. */
interface Running {
  set: ReplicaSet;
  pods: number;
  available: number;
}

const bound = fc.oneof(
  fc.nat(6),
  fc.nat(100).map((percent) => `${percent}%`),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deployment' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('replicaSet' as const), which: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('podReady' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('status' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('template' as const), image: fc.constantFrom('a', 'b', 'c') }) },
);

it('never more Pods wanted than the surge allows, never fewer available than the bound, whatever the order and however old the statuses', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), bound, bound, fc.array(step, { maxLength: 120 }), (replicas, surge, unavailable, steps) => {
      let object = withImage(deployment({ replicas, ...rolling(surge, unavailable) }), 'start');
      const { maxSurge, maxUnavailable } = rolloutBounds(object);
      const world: Running[] = [{ set: replicaSet('start', { replicas, revision: 1, ageSeconds: 60 }), pods: replicas, available: replicas }];
      steps.forEach((next, i) => {
        const running = 'which' in next ? world[next.which % world.length] : undefined;
        if (next.do === 'template') object = withImage(object, next.image);
        else if (next.do === 'deployment') object = reconcile(object, world, i);
        else if (running !== undefined && next.do === 'podReady') running.available = Math.min(running.pods, running.available + 1);
        else if (running !== undefined && next.do === 'status') report(running);
        else if (running !== undefined) syncPods(running);
        expect(sum(world, (each) => each.set.spec.replicas ?? 0)).toBeLessThanOrEqual(replicas + maxSurge);
        expect(sum(world, (each) => each.available)).toBeGreaterThanOrEqual(replicas - maxUnavailable);
      });
      settle(object, world, replicas);
    }),
    { numRuns: 300 },
  );
});

const sum = (world: readonly Running[], of: (running: Running) => number): number => world.reduce((total, running) => total + of(running), 0);

const withImage = (object: Deployment, image: string): Deployment => ({
  ...object,
  spec: { ...object.spec, template: { ...object.spec.template, spec: { containers: [{ name: 'web', image }] } } },
});

function reconcile(object: Deployment, world: Running[], i: number): Deployment {
  const plan = computeDeployment({ nowMs: START_MS, deployment: object, replicaSets: world.map((running) => running.set) });
  for (const updated of plan.update) {
    const running = world.find((each) => each.set.metadata.uid === updated.metadata.uid);
    if (running !== undefined) running.set = { ...updated, metadata: { ...updated.metadata, generation: (updated.metadata.generation ?? 0) + 1 } };
  }
  if (plan.create !== undefined)
    world.push({
      set: { ...plan.create, metadata: { ...plan.create.metadata, uid: `uid-${i}-${world.length}`, creationTimestamp: at(i), generation: 1 } },
      pods: 0,
      available: 0,
    });
  return plan.desired ?? object;
}

/** As the ReplicaSet controller: those that are not available go first. */
function syncPods(running: Running): void {
  running.pods = running.set.spec.replicas ?? 0;
  running.available = Math.min(running.available, running.pods);
}

function report(running: Running): void {
  const { pods, available, set } = running;
  running.set = {
    ...set,
    status: {
      replicas: pods,
      readyReplicas: available,
      availableReplicas: available,
      terminatingReplicas: 0,
      observedGeneration: set.metadata.generation ?? 0,
    },
  };
}

function settle(start: Deployment, world: Running[], replicas: number): void {
  let object = start;
  for (let i = 0; i < 200; i++) {
    object = reconcile(object, world, 1000 + i);
    for (const running of world) {
      syncPods(running);
      running.available = running.pods;
      report(running);
    }
  }
  expect(sum(world, (running) => running.pods)).toBe(replicas);
  expect(object.status).toMatchObject({ updatedReplicas: replicas, availableReplicas: replicas });
  const idle = computeDeployment({ nowMs: START_MS, deployment: object, replicaSets: world.map((running) => running.set) });
  expect(idle).toMatchObject({ create: undefined, update: [], remove: [], desired: undefined, events: [], requeueAfterMs: undefined });
}
