import { Event, Pod } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { createLab } from './lab.ts';

/** An eventful hour on one node. */
async function run(seed: number): Promise<string> {
  await using lab = await createLab({ seed, behaviors: [{ pod: 'flaky-*', exit: { code: 1, afterMs: [1_000, 90_000] } }] });
  for (let index = 0; index < 5; index++) {
    await lab.create(`web-${index}`, { containers: [{ name: 'app', image: 'nginx', readinessProbe: { tcpSocket: { port: 80 } } }] });
    await lab.create(`flaky-${index}`);
  }
  await lab.settle();
  await lab.stop();
  lab.runtime.crash({ pod: 'web-1' });
  await lab.client.delete(Pod, 'default/web-2');
  await lab.start();
  await lab.clock.advance(3_600_000);
  const [pods, events] = [await lab.client.list(Pod), await lab.client.list(Event)];
  return JSON.stringify([pods.items, events.items, lab.runtime.containers()]);
}

it('does the same again with the same seed, to the byte, and something else with another', async () => {
  const first = await run(1);
  expect(await run(1)).toBe(first);
  expect(await run(2)).not.toBe(first);
});
