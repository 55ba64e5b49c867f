import type { Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { ReplicaSet } from '@kybern/core/kinds';
import type { Cache } from '@kybern/reconcile';
import { concernsReplicas, replicasOf } from './replica-watch.ts';

const labels = { app: 'web' };
const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u-1', controller: true }];
const ready = (status: 'True' | 'False', lastTransitionTime = '2026-01-01T00:00:00Z'): Pod['status'] => ({
  conditions: [{ type: 'Ready', status, lastTransitionTime }],
});
const pod = (over: Partial<Pod['metadata']> = {}, status: Pod['status'] = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1-a', namespace: 'shop', labels, ownerReferences, ...over },
  spec: { containers: [] },
  status,
});
const NO_CACHE = {} as Cache;

describe('the watch of replicas', () => {
  it.each([
    { name: 'labels', old: pod(), object: pod({ labels: { app: 'web', canary: 'yes' } }), matters: true },
    { name: 'owners', old: pod(), object: pod({ ownerReferences: [] }), matters: true },
    { name: 'a deletion that began', old: pod(), object: pod({ deletionTimestamp: '2026-01-01T00:00:00Z' }), matters: true },
    { name: 'an end', old: pod({}, { phase: 'Running' }), object: pod({}, { phase: 'Failed' }), matters: true },
    { name: 'readiness gained', old: pod(), object: pod({}, ready('True')), matters: true },
    { name: 'readiness lost', old: pod({}, ready('True')), object: pod({}, ready('False')), matters: true },
    {
      name: 'readiness lost and gained between two events',
      old: pod({}, ready('True')),
      object: pod({}, ready('True', '2026-01-01T00:01:00Z')),
      matters: true,
    },
    { name: 'the node', old: pod(), object: { ...pod(), spec: { containers: [], nodeName: 'node-1' } }, matters: false },
    { name: 'the first report of a kubelet', old: pod(), object: pod({}, { phase: 'Pending', ...ready('False') }), matters: false },
    { name: 'an annotation', old: pod(), object: pod({ annotations: { seen: 'yes' } }), matters: false },
  ])('a change of $name: $matters', ({ old, object, matters }) => {
    expect(concernsReplicas({ type: 'updated', old, object })).toBe(matters);
  });

  it('lets every arrival and departure through', () => {
    expect(concernsReplicas({ type: 'added', object: pod(), isInInitialList: false })).toBe(true);
    expect(concernsReplicas({ type: 'deleted', object: pod(), finalStateUnknown: false })).toBe(true);
  });

  it('names the owner of the kind, and nobody else', () => {
    const { map } = replicasOf(ReplicaSet);
    expect(map(pod(), undefined, NO_CACHE)).toEqual(['shop/web-1']);
    expect(map(pod({ ownerReferences: [] }), undefined, NO_CACHE)).toEqual([]);
    expect(map(pod({ ownerReferences: [{ ...ownerReferences[0], kind: 'Job', apiVersion: 'batch/v1', name: 'j', uid: 'u-2' }] }), undefined, NO_CACHE)).toEqual(
      [],
    );
  });
});
