import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

describe('createFakeClock', () => {
  it('fires timers in the order of their due time, then of their creation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ delayMs: fc.nat(50), background: fc.boolean(), cancel: fc.boolean() }), { maxLength: 40 }), async (timers) => {
        const clock = createFakeClock();
        const fired: number[] = [];
        timers.forEach(({ delayMs, background, cancel }, index) => {
          const stop = clock.after(delayMs, () => fired.push(index), { background });
          if (cancel) stop();
        });
        await clock.advance(50);
        const expected = timers
          .map((timer, index) => ({ ...timer, index }))
          .filter((timer) => !timer.cancel)
          .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index)
          .map((timer) => timer.index);
        expect(fired).toEqual(expected);
        expect(clock.nextDueMs()).toBeUndefined();
      }),
    );
  });

  it('lets promise callbacks run to their end between two timers', async () => {
    const clock = createFakeClock();
    const seen: string[] = [];
    clock.after(1, () => {
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push('after the first'));
    });
    clock.after(2, () => seen.push('second'));
    await clock.advance(5);
    expect(seen).toEqual(['after the first', 'second']);
    expect(clock.monotonicMs()).toBe(5);
  });

  it('tells foreground timers from background ones', () => {
    const clock = createFakeClock();
    clock.after(10, () => undefined, { background: true });
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    clock.after(20, () => undefined);
    expect(clock.nextDueMs()).toBe(10);
    expect(clock.nextDueMs({ includeBackground: false })).toBe(20);
  });
});
