import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { createVirtualTime } from './virtual-time.ts';

describe('createVirtualTime', () => {
  it('settles work that is due within the window, not what is due later', async () => {
    const clock = createFakeClock();
    const time = createVirtualTime(clock);
    const fired: number[] = [];
    for (const delayMs of [10, 4_000, 20_000]) clock.after(delayMs, () => fired.push(delayMs));
    await time.settle();
    expect({ fired, now: clock.monotonicMs() }).toEqual({ fired: [10, 4_000], now: 4_000 });
    await time.settle({ windowMs: 60_000 });
    expect(fired).toEqual([10, 4_000, 20_000]);
  });

  it('does not wait for background timers, but fires those that fall due on the way', async () => {
    const clock = createFakeClock();
    const time = createVirtualTime(clock);
    const fired: string[] = [];
    const beat = (): void => {
      fired.push(`beat at ${String(clock.monotonicMs())}`);
      clock.after(1_000, beat, { background: true });
    };
    clock.after(1_000, beat, { background: true });
    clock.after(2_500, () => fired.push('work'));
    await time.settle();
    expect(fired).toEqual(['beat at 1000', 'beat at 2000', 'work']);
  });

  it('reports work that never ends', async () => {
    const clock = createFakeClock();
    const time = createVirtualTime(clock);
    const again = (): void => {
      clock.after(1, again);
    };
    again();
    await expect(time.settle({ maxTimers: 100 })).rejects.toMatchObject({
      name: 'NotSettledError',
      message: expect.stringContaining('does not settle: 100 timers fired') as string,
    });
  });

  it('waits for real loads, one after the other, before time goes on', async () => {
    const clock = createFakeClock();
    const time = createVirtualTime(clock);
    const order: string[] = [];
    let finishSlow: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      finishSlow = resolve;
    });
    clock.after(1, () => order.push('timer'));
    void time.pending(slow).then(() => order.push('first load'));
    void time.pending(Promise.resolve()).then(() => order.push('second load'));
    const settled = time.settle();
    await new Promise((resolve) => setTimeout(resolve, 5)); // a load takes real time: nothing may happen before it is over
    expect(order).toEqual([]);
    finishSlow();
    await settled;
    expect(order).toEqual(['first load', 'second load', 'timer']);
  });

  it('goes on after a load that failed', async () => {
    const time = createVirtualTime(createFakeClock());
    await expect(time.pending(Promise.reject(new Error('no such file')))).rejects.toThrow('no such file');
    await expect(time.pending(Promise.resolve(1))).resolves.toBe(1);
    await time.settle();
  });
});
