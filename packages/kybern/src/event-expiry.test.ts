import { noopLogger, type KubernetesObject } from '@kybern/core';
import { createFakeClock } from '@kybern/core/testing';
import { createMemoryStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import { expireEvents, lastWritten } from './event-expiry.ts';

const event = (times: object): KubernetesObject => ({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'a', namespace: 'default' }, ...times });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Events', () => {
  it.each([
    ['nothing', {}, undefined],
    ['null', { lastTimestamp: null, eventTime: null }, undefined],
    ['one time', { eventTime: '2026-01-01T00:00:01.000000Z' }, Date.UTC(2026, 0, 1, 0, 0, 1)],
    ['several times', { firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:05:00Z' }, Date.UTC(2026, 0, 1, 0, 5)],
    ['a series', { eventTime: '2026-01-01T00:00:00Z', series: { lastObservedTime: '2026-01-01T00:09:00Z' } }, Date.UTC(2026, 0, 1, 0, 9)],
  ])('that say %s were last written then', (_, times, expected) => {
    expect(lastWritten(event(times))).toBe(expected);
  });

  it('of both API groups go after their time, and nothing else does', async () => {
    await using state = createMemoryStore();
    const clock = createFakeClock();
    const stop = new AbortController();
    const running = expireEvents(state, { clock, ttlMs: 60_000, logger: noopLogger }).run(stop.signal);
    const keys = ['/registry/core/events/default/a', '/registry/events.k8s.io/events/default/a', '/registry/core/pods/default/a'];
    await state.commit(keys.map((key) => ({ key, value: event({}) })));
    await turn();
    await clock.advance(60_000);
    await turn();
    await turn();
    expect((await state.range('/')).records.map(({ key }) => key)).toEqual(['/registry/core/pods/default/a']);
    stop.abort();
    await running;
  });
});
