import { Pod, ReplicaSet } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createControlPlane, type ControlPlane } from '../../test/control-plane.ts';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { isPodActive } from '../pod-state.ts';
import { replicaSetController } from './controller.ts';

const labels = { app: 'web' };
const which = fc.nat(9);
const action = fc.oneof(
  fc.record({ do: fc.constant('scale' as const), to: fc.nat(8) }),
  fc.record({ do: fc.constant('delete' as const), which }),
  fc.record({ do: fc.constant('kill' as const), which }),
  fc.record({ do: fc.constant('fail' as const), which }),
  fc.record({ do: fc.constant('release' as const), which }),
  fc.record({ do: fc.constant('start' as const), which }),
  fc.constant({ do: 'settle' as const }),
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

it('creates one Pod for each that is wanted or lost, never more, and rests at the desired number', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      await using plane = await createControlPlane([replicaSetController()]);
      const { client } = plane;
      let created = 0;
      const watch = client.watch(Pod).subscribe((event) => (created += event.type === 'ADDED' ? 1 : 0));
      await client.create(ReplicaSet, {
        metadata: { name: 'web' },
        spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } },
      });
      let [replicas, allowed] = [3, 3];
      for (const next of actions) {
        if (next.do === 'scale') {
          allowed += Math.max(0, next.to - replicas);
          replicas = next.to;
          await client.patch(ReplicaSet, 'web', { type: 'merge', patch: { spec: { replicas } } });
        } else if (next.do === 'settle') await plane.settle();
        else if (await disturb(plane, next)) allowed += 1;
      }
      await plane.settle();
      const active = (await client.list(Pod, { labels })).items.filter(isPodActive);
      expect(active.length).toBe(replicas);
      expect(created).toBeLessThanOrEqual(allowed);
      const { status } = await client.get(ReplicaSet, 'web');
      expect([status?.replicas, status?.fullyLabeledReplicas ?? 0]).toEqual([replicas, replicas]);
      const before = plane.revision;
      await plane.advance(3_600_000);
      expect(plane.revision).toBe(before);
      expect(plane.errors).toEqual([]);
      watch.unsubscribe();
    }),
    { numRuns: 60 },
  );
});

/** Whether the ReplicaSet lost a Pod that counted. */
async function disturb({ client, report, start }: ControlPlane, { do: what, which: index }: Extract<Action, { readonly which: number }>): Promise<boolean> {
  const pods = (await client.list(Pod, { labels })).items.filter(isPodActive);
  const pod = pods[index % Math.max(1, pods.length)];
  if (pod === undefined) return false;
  switch (what) {
    case 'delete':
      return (await ignoreNotFound(client.delete(Pod, pod))) !== undefined;
    case 'kill':
      return (await ignoreNotFound(client.delete(Pod, pod, { gracePeriodSeconds: 0 }))) !== undefined;
    case 'fail':
      return (await ignoreNotFound(report(pod, { phase: 'Failed' }))) !== undefined;
    case 'release':
      return (await ignoreNotFound(client.patch(Pod, pod, { type: 'merge', patch: { metadata: { labels: { app: 'other' } } } }))) !== undefined;
    case 'start':
      await ignoreNotFound(start(pod));
      return false;
  }
}
