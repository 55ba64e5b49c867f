import type { Pod, ReplicaSet } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, pod, replicaSet, START_MS, type PodFacts } from '../../test/objects.ts';
import { computeReplicaSet, computeReplicaSetStatus } from './compute.ts';
import { rankForDeletion } from './ranking.ts';

const NOW = START_MS + 100_000;
const rs = (replicas: number, more: Parameters<typeof replicaSet>[1] = {}): ReplicaSet => replicaSet('web-1', { replicas, ...more });
const pods = (count: number, facts: PodFacts = {}): readonly Pod[] => Array.from({ length: count }, (_, i) => pod(`p${i}`, facts));

describe('computeReplicaSet', () => {
  it.each([
    { name: 'too few', replicas: 3, have: 1, create: 2, remove: 0 },
    { name: 'just right', replicas: 3, have: 3, create: 0, remove: 0 },
    { name: 'too many', replicas: 3, have: 5, create: 0, remove: 2 },
    { name: 'none wanted', replicas: 0, have: 2, create: 0, remove: 2 },
    { name: 'a burst has a limit', replicas: 1200, have: 0, create: 500, remove: 0 },
    { name: 'so have deletions', replicas: 0, have: 501, create: 0, remove: 500 },
  ])('$name', ({ replicas, have, create, remove }) => {
    const plan = computeReplicaSet({ nowMs: NOW, replicaSet: rs(replicas), pods: pods(have), relatedPods: () => [] });
    expect([plan.create, plan.remove.length]).toEqual([create, remove]);
  });

  it('one that is being deleted makes no Pods', () => {
    const plan = computeReplicaSet({ nowMs: NOW, replicaSet: rs(3, { metadata: { deletionTimestamp: at(0) } }), pods: [], relatedPods: () => [] });
    expect(plan).toEqual({ create: 0, remove: [] });
  });
});

describe('rankForDeletion', () => {
  const node = { node: 'n1' };
  it.each<{ name: string; first: PodFacts; second: PodFacts }>([
    { name: 'unscheduled before scheduled', first: { readyAt: 0 }, second: { ...node } },
    { name: 'Pending before Running', first: { ...node, phase: 'Pending' }, second: { ...node } },
    { name: 'Unknown before Running', first: { ...node, phase: 'Unknown', readyAt: 0 }, second: { ...node } },
    { name: 'not ready before ready', first: node, second: { ...node, readyAt: 0 } },
    {
      name: 'the cheaper one',
      first: { ...node, readyAt: 0, metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } } },
      second: { ...node, readyAt: 90 },
    },
    {
      name: 'a cost that is none counts as 0',
      first: { ...node, readyAt: 90, metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '+5' } } },
      second: { ...node, readyAt: 0 },
    },
    { name: 'the one on the crowded node', first: { node: 'crowded', readyAt: 0 }, second: { ...node, readyAt: 90 } },
    { name: 'ready for a shorter time', first: { ...node, readyAt: 95 }, second: { ...node, readyAt: 0 } },
    {
      name: 'ready times of one bucket do not count, restarts do',
      first: { ...node, readyAt: 0, status: { containerStatuses: [{ name: 'web', image: '', imageID: '', ready: true, restartCount: 2 }] } },
      second: { ...node, readyAt: 1 },
    },
    {
      name: 'the younger one',
      first: { ...node, readyAt: 50, metadata: { creationTimestamp: at(40) } },
      second: { ...node, readyAt: 50, metadata: { creationTimestamp: at(0) } },
    },
  ])('$name goes first', ({ first, second }) => {
    const [a, b] = [pod('a', second), pod('z', first)];
    const crowd = [pod('c1', { node: 'crowded' }), pod('c2', { node: 'crowded' }), pod('c3', { node: 'crowded', metadata: { deletionTimestamp: at(1) } })];
    for (const order of [
      [a, b],
      [b, a],
    ]) {
      expect(rankForDeletion({ nowMs: NOW, pods: order, relatedPods: [a, b, ...crowd] }).map((each) => each.metadata.name)).toEqual(['z', 'a']);
    }
  });
});

describe('computeReplicaSetStatus', () => {
  it('counts and is silent when nothing changed', () => {
    const replicas = [...pods(2, { readyAt: 10 }), pod('plain', { metadata: { labels: {} } })];
    const owner = rs(3);
    const { status } = computeReplicaSetStatus({ nowMs: NOW, replicaSet: owner, pods: replicas, terminating: 1 });
    expect(status).toEqual({ replicas: 3, readyReplicas: 2, availableReplicas: 2, terminatingReplicas: 1, observedGeneration: 1 });
    expect(computeReplicaSetStatus({ nowMs: NOW, replicaSet: { ...owner, status: status! }, pods: replicas, terminating: 1 }).status).toBeUndefined();
  });

  it('counts those that have all labels of the template', () => {
    const labeled = pod('full', { metadata: { labels: { app: 'web', 'pod-template-hash': 'web-1', more: 'x' } } });
    expect(computeReplicaSetStatus({ nowMs: NOW, replicaSet: rs(2), pods: [labeled, pod('half')], terminating: 0 }).status?.fullyLabeledReplicas).toBe(1);
  });

  it('a Pod is available after minReadySeconds, to the moment', () => {
    const owner = rs(2, { spec: { minReadySeconds: 30 } });
    const two = [pod('a', { readyAt: 60 }), pod('b', { readyAt: 80 })];
    const at89 = computeReplicaSetStatus({ nowMs: START_MS + 89_000, replicaSet: owner, pods: two, terminating: 0 });
    expect([at89.status?.availableReplicas, at89.requeueAfterMs]).toEqual([undefined, 1000]);
    const at90 = computeReplicaSetStatus({ nowMs: START_MS + 90_000, replicaSet: owner, pods: two, terminating: 0 });
    expect([at90.status?.availableReplicas, at90.requeueAfterMs]).toEqual([1, 20_000]);
  });

  it('reports a failure once and takes it back', () => {
    const failure = { reason: 'FailedCreate' as const, message: 'pods "web-1-x" is forbidden: exceeded quota' };
    const { status } = computeReplicaSetStatus({ nowMs: NOW, replicaSet: rs(1), pods: [], terminating: 0, failure });
    expect(status?.conditions).toEqual([{ type: 'ReplicaFailure', status: 'True', lastTransitionTime: at(100), ...failure }]);
    const failing = { ...rs(1), status: status! };
    expect(
      computeReplicaSetStatus({ nowMs: NOW + 5000, replicaSet: failing, pods: [], terminating: 0, failure: { ...failure, message: 'other' } }).status,
    ).toBeUndefined();
    expect(computeReplicaSetStatus({ nowMs: NOW + 5000, replicaSet: failing, pods: [], terminating: 0 }).status).not.toHaveProperty('conditions');
  });
});
