import type { Clock } from '@kybern/core';
import { Lease, Node } from '@kybern/core/kinds';
import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { createLab } from './lab.ts';

const HOUR_MS = 3_600_000;
const probe = { tcpSocket: { port: 80 }, periodSeconds: 5 };

describe.each([
  { name: 'an hour ahead', jumpMs: HOUR_MS },
  { name: 'an hour back', jumpMs: -HOUR_MS },
])('a wall clock that jumps $name', ({ jumpMs }) => {
  it('ends no container, holds no back-off up, and goes on with the Lease', async () => {
    const base = createFakeClock();
    const offset = { ms: 0 };
    // Only wall time jumps: monotonic time and timers go on as they were.
    const clock: Clock = {
      now: () => base.now() + offset.ms,
      monotonicMs: () => base.monotonicMs(),
      after: (delayMs, fn, options) => base.after(delayMs, fn, options),
    };
    await using lab = await createLab({ clock: { ...base, ...clock }, behaviors: [{ pod: 'flaky', exit: { code: 1, afterMs: 1_000 } }] });
    await lab.create('steady', { containers: [{ name: 'app', image: 'nginx', livenessProbe: probe, readinessProbe: probe }] });
    await lab.create('flaky');
    await lab.clock.advance(60_000);
    const before = (await lab.status('steady')).containerStatuses?.[0];
    const restarts = (await lab.status('flaky')).containerStatuses?.[0]?.restartCount ?? 0;
    const renewed = (await lab.client.get(Lease, 'kube-node-lease/node-1')).spec?.renewTime ?? '';
    offset.ms = jumpMs;
    await lab.clock.advance(60_000);
    const after = await lab.status('steady');
    expect(after.containerStatuses?.[0]).toMatchObject({ containerID: before?.containerID, restartCount: 0, ready: true });
    expect((await lab.client.get(Lease, 'kube-node-lease/node-1')).spec?.renewTime).not.toBe(renewed);
    expect((await lab.client.get(Node, 'node-1')).status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    // The next pauses are 40 s and 80 s, as they would have been.
    await lab.clock.advance(120_000);
    const more = ((await lab.status('flaky')).containerStatuses?.[0]?.restartCount ?? 0) - restarts;
    expect(more).toBeGreaterThanOrEqual(1);
    expect(more).toBeLessThanOrEqual(3);
  });
});
