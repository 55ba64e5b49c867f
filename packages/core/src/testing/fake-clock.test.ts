import { describe, expect, it } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

describe('createFakeClock', () => {
  it('stands still until it is told to move', async () => {
    const clock = createFakeClock({ startMs: 1000 });
    expect([clock.now(), clock.monotonicMs()]).toEqual([1000, 0]);
    await clock.advance(500);
    expect([clock.now(), clock.monotonicMs()]).toEqual([1500, 500]);
    expect(createFakeClock().now()).toBe(Date.UTC(2026, 0, 1));
  });

  it('fires timers in the order of their time, then of their making', async () => {
    const clock = createFakeClock();
    const fired: string[] = [];
    for (const [name, delay] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['a2', 10],
      ['now', 0],
      ['past', -5],
    ] as const)
      clock.after(delay, () => fired.push(`${name}@${clock.monotonicMs()}`));
    await clock.advance(25);
    expect(fired).toEqual(['now@0', 'past@0', 'a@10', 'a2@10', 'b@20']);
    await clock.advance(5);
    expect(fired.at(-1)).toBe('c@30');
  });

  it('lets promise callbacks run between timers, which may set further timers', async () => {
    const clock = createFakeClock();
    const log: string[] = [];
    clock.after(10, () => {
      log.push('first');
      void Promise.resolve().then(() => clock.after(5, () => log.push('second')));
    });
    clock.after(20, () => log.push('third'));
    await clock.advance(20);
    expect(log).toEqual(['first', 'second', 'third']);
  });

  it('cancels', async () => {
    const clock = createFakeClock();
    const cancel = clock.after(10, () => expect.fail('was cancelled'));
    cancel();
    cancel();
    expect(clock.nextDueMs()).toBeUndefined();
    await clock.advance(100);
  });

  it('tells work in progress from what goes on for ever', () => {
    const clock = createFakeClock();
    clock.after(10, () => undefined, { background: true });
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    const cancel = clock.after(20, () => undefined);
    expect(clock.nextDueMs()).toBe(10);
    expect(clock.nextDueMs({ includeBackground: false })).toBe(20);
    cancel();
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
  });

  it('fires one timer at a time, up to a limit', () => {
    const clock = createFakeClock();
    const fired: number[] = [];
    for (const delay of [10, 20]) clock.after(delay, () => fired.push(delay));
    expect(clock.fireNext(5)).toBe(false);
    expect(clock.fireNext(15)).toBe(true);
    expect(clock.fireNext(15)).toBe(false);
    expect(clock.fireNext()).toBe(true);
    expect(clock.fireNext()).toBe(false);
    expect(fired).toEqual([10, 20]);
    expect(clock.monotonicMs()).toBe(20);
  });

  it('keeps order with many timers', async () => {
    const clock = createFakeClock();
    const fired: number[] = [];
    for (let i = 0; i < 500; i++) clock.after((i * 7919) % 503, () => fired.push(clock.monotonicMs()));
    await clock.advance(503);
    expect(fired).toEqual([...fired].sort((a, b) => a - b));
    expect(fired).toHaveLength(500);
  });
});

describe('which of the timers that are due together fires first', () => {
  it('may be decided, among live ones only', () => {
    const asked: number[] = [];
    const clock = createFakeClock({ pick: (count) => (asked.push(count), count - 1) });
    const fired: string[] = [];
    for (const name of ['a', 'b', 'c']) clock.after(10, () => fired.push(name), { background: name === 'b' });
    clock.after(10, () => fired.push('cancelled'))();
    clock.after(20, () => fired.push('later'));
    while (clock.fireNext());
    expect(fired).toEqual(['c', 'b', 'a', 'later']);
    expect(asked).toEqual([3, 2]);
    expect(clock.monotonicMs()).toBe(20);
  });
});
