import { Job, Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createControlPlane, type ControlPlane } from '../../test/control-plane.ts';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { isPodActive } from '../pod-state.ts';
import { jobController } from './controller.ts';
import { jobOrphanController } from './orphans.ts';

const which = fc.nat(9);
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('succeed' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), which }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** What became of Pods, by their uids. */
interface Ended {
  readonly succeeded: Set<string>;
  readonly failed: Set<string>;
}

async function disturb({ client, report, start }: ControlPlane, { do: what, which: index }: Action, ended: Ended): Promise<void> {
  const pods = (await client.list(Pod)).items.filter(isPodActive);
  const pod = pods[index % Math.max(1, pods.length)];
  if (pod === undefined) return;
  const { uid = '' } = pod.metadata;
  if (what === 'start') await ignoreNotFound(start(pod));
  else if (what === 'delete') {
    await ignoreNotFound(client.delete(Pod, pod, { gracePeriodSeconds: 0 }));
    ended.failed.add(uid);
  } else {
    const phase = what === 'succeed' ? 'Succeeded' : 'Failed';
    await ignoreNotFound(report(pod, { phase }));
    ended[what === 'succeed' ? 'succeeded' : 'failed'].add(uid);
  }
}

it.each(['NonIndexed', 'Indexed'] as const)(
  'counts each Pod once, never runs more than it may, and rests: %s',
  { timeout: 240_000 },
  async (completionMode) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 40 }), async (parallelism, actions) => {
        await using plane = await createControlPlane([jobController(), jobOrphanController()]);
        const { client } = plane;
        const active = new Set<string>();
        let most = 0;
        const watch = client.watch(Pod).subscribe((event) => {
          if (event.type === 'BOOKMARK') return;
          const { uid = '' } = event.object.metadata;
          if (event.type !== 'DELETED' && isPodActive(event.object)) active.add(uid);
          else active.delete(uid);
          most = Math.max(most, active.size);
        });
        const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'busybox' }] } };
        await client.create(Job, { metadata: { name: 'work' }, spec: { completions: 5, parallelism, completionMode, backoffLimit: 100, template } });
        const ended: Ended = { succeeded: new Set(), failed: new Set() };
        for (const next of actions) {
          if (next.do === 'wait') await plane.advance(next.which * 30_000);
          else {
            await plane.settle();
            await disturb(plane, next, ended);
          }
        }
        await plane.advance(3_600_000);
        const { status } = await client.get(Job, 'work');
        expect([status?.succeeded ?? 0, status?.failed ?? 0, status?.uncountedTerminatedPods]).toEqual([ended.succeeded.size, ended.failed.size, {}]);
        expect((status?.conditions ?? []).some(({ type }) => type === 'Complete')).toBe(ended.succeeded.size >= 5);
        expect(most).toBeLessThanOrEqual(parallelism);
        const before = plane.revision;
        await plane.advance(3_600_000);
        expect(plane.revision).toBe(before);
        watch.unsubscribe();
      }),
      { numRuns: 40 },
    );
  },
);
