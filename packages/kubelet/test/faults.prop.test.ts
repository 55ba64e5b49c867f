import { isNotFound } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLab, type Lab } from './lab.ts';

const PODS = ['a', 'b', 'c'];

/** Things that happen to a node. */
type Happening =
  | { readonly what: 'create' | 'delete' | 'force-delete' | 'crash' | 'oom'; readonly pod: string }
  | { readonly what: 'restart-agent' | 'power-cut' | 'runtime-away' | 'registry-away' | 'hang' | 'heal' }
  | { readonly what: 'wait'; readonly ms: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom('create' as const, 'delete' as const, 'force-delete' as const, 'crash' as const, 'oom' as const),
      pod: fc.constantFrom(...PODS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom(
        'restart-agent' as const,
        'power-cut' as const,
        'runtime-away' as const,
        'registry-away' as const,
        'hang' as const,
        'heal' as const,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.constantFrom(1, 20, 100, 700, 5_000, 40_000) }) },
);

async function ignoreNotFound(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

async function happen(lab: Lab, event: Happening, undo: (() => void)[]): Promise<void> {
  switch (event.what) {
    case 'create':
      await lab.create(event.pod, { terminationGracePeriodSeconds: 5, initContainers: [{ name: 'init', image: 'busybox' }] }).catch(() => undefined);
      break;
    case 'delete':
    case 'force-delete':
      await ignoreNotFound(lab.client.delete(Pod, `default/${event.pod}`, event.what === 'delete' ? {} : { gracePeriodSeconds: 0 }));
      break;
    case 'crash':
      lab.runtime.crash({ pod: event.pod });
      break;
    case 'oom':
      lab.runtime.oomKill({ pod: event.pod });
      break;
    case 'restart-agent':
      await lab.stop();
      await lab.start();
      break;
    case 'power-cut':
      await lab.stop();
      lab.runtime.powerOff();
      lab.runtime.powerOn();
      await lab.start();
      break;
    case 'runtime-away':
      lab.runtime.setAvailable(false);
      break;
    case 'registry-away':
      undo.push(lab.runtime.failPulls('*'));
      break;
    case 'hang':
      undo.push(lab.runtime.hang({ container: 'app' }));
      break;
    case 'heal':
      heal(lab, undo);
      break;
    case 'wait':
      await lab.clock.advance(event.ms);
      break;
  }
}

function heal(lab: Lab, undo: (() => void)[]): void {
  lab.runtime.setAvailable(true);
  for (const each of undo.splice(0)) each();
}

/** What must hold at every moment. */
function checkAlways(lab: Lab): void {
  const live = lab.runtime.containers().filter(({ state }) => state === 'CONTAINER_RUNNING');
  const names = live.map(({ podUid, name }) => `${podUid}/${name}`);
  expect(new Set(names).size, `two live containers of one name: ${names.join(' ')}`).toBe(names.length);
}

it('whatever happens, nothing runs twice, counts never go back, and in the end exactly the wanted Pods run', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.constantFrom(0, 0, 30, 3_000),
      async (events, seed, eventDelayMs) => {
        await using lab = await createLab({ seed, eventDelayMs, behaviors: [{ container: 'init', exit: { code: 0, afterMs: 500 } }] });
        const restarts = new Map<string, number>();
        const problems: string[] = [];
        const subscription = lab.client.watch(Pod, { namespace: 'default' }).subscribe((event) => {
          if (event.type === 'BOOKMARK' || event.type === 'DELETED') return;
          for (const { name, restartCount } of event.object.status?.containerStatuses ?? []) {
            const key = `${event.object.metadata.uid ?? ''}/${name}`;
            if (restartCount < (restarts.get(key) ?? 0)) problems.push(`${key} went from ${String(restarts.get(key))} to ${restartCount}`);
            restarts.set(key, restartCount);
          }
        });
        const undo: (() => void)[] = [];
        for (const event of events) {
          await happen(lab, event, undo);
          checkAlways(lab);
        }
        heal(lab, undo);
        await lab.clock.advance(1_200_000);
        subscription.unsubscribe();
        checkAlways(lab);
        expect(problems).toEqual([]);
        const wanted = (await lab.client.list(Pod)).items;
        for (const pod of wanted)
          expect(pod, `${JSON.stringify(pod.status)}`).toMatchObject({ status: { phase: 'Running', containerStatuses: [{ ready: true }] } });
        const running = lab.runtime.containers().filter(({ state }) => state === 'CONTAINER_RUNNING');
        expect(running.map(({ podUid }) => podUid).sort()).toEqual(wanted.map(({ metadata }) => metadata.uid).sort());
        const owners = new Set(lab.runtime.containers().map(({ podUid }) => podUid));
        expect([...owners].filter((uid) => !wanted.some(({ metadata }) => metadata.uid === uid))).toEqual([]);
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);
