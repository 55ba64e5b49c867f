import { Pod } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createLab } from './lab.ts';

/** A lab in which `race` happens in the middle of the next write of a status, and events come late. */
async function createRacingLab(delayMs: number) {
  let race: (() => Promise<unknown>) | undefined;
  const lab = await createLab({
    eventDelayMs: delayMs,
    wrapClient: (client) => ({
      ...client,
      async patch(kind, key, patch, options) {
        const happening = kind.kind === 'Pod' ? race : undefined;
        if (happening !== undefined) race = undefined;
        await happening?.();
        return client.patch(kind, key, patch, options);
      },
    }),
  });
  return { lab, race: (happening: () => Promise<unknown>) => void (race = happening) };
}

it.each([0, 500])('misses no change that comes while the status is written, with events %i ms late', async (delayMs) => {
  const { lab, race } = await createRacingLab(delayMs);
  await using _ = lab;
  await lab.create('web');
  await lab.settle();
  race(() => lab.client.mutate(Pod, 'default/web', (draft) => void (draft.spec.containers[0]!.image = 'nginx:1.27')));
  lab.runtime.crash({});
  await lab.settle();
  expect(await lab.status('web')).toMatchObject({ containerStatuses: [{ image: 'nginx:1.27', ready: true }] });
});

it.each([
  { gracePeriodSeconds: 30, delayMs: 0 },
  { gracePeriodSeconds: 0, delayMs: 0 },
  { gracePeriodSeconds: 30, delayMs: 500 },
  { gracePeriodSeconds: 0, delayMs: 500 },
])('misses no deletion that comes while the status is written: %o', async ({ delayMs, ...options }) => {
  const { lab, race } = await createRacingLab(delayMs);
  await using _ = lab;
  await lab.create('web');
  await lab.settle();
  race(() => lab.client.delete(Pod, 'default/web', options));
  lab.runtime.crash({});
  await lab.settle();
  expect((await lab.client.list(Pod)).items).toEqual([]);
  expect(lab.runtime.containers()).toEqual([]);
});

it('misses no change however close it follows another', async () => {
  await using lab = await createLab();
  await lab.create('web');
  await lab.settle();
  for (let turn = 0; turn < 60; turn++) {
    lab.runtime.crash({});
    for (let step = 0; step < turn; step++) await Promise.resolve();
    lab.runtime.crash({});
    await lab.clock.advance(700_000);
    expect(await lab.status('web'), `after ${turn} steps`).toMatchObject({ containerStatuses: [{ ready: true }] });
  }
});
