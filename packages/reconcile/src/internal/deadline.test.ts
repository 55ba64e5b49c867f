import { createFakeClock, type FakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { SerialDeadline } from './deadline.ts';

const late = new Error('late');
const setUp = (): { readonly clock: FakeClock; readonly deadline: SerialDeadline } => {
  const clock = createFakeClock();
  return { clock, deadline: new SerialDeadline({ clock, timeoutMs: 1_000, onTimeout: () => late }) };
};
const never = (): Promise<never> => new Promise(() => undefined);

describe('a serial deadline', () => {
  it('gives back what the calls give, with one signal and one timer for all of them', async () => {
    const { clock, deadline } = setUp();
    const signals = new Set<AbortSignal>();
    for (let i = 0; i < 3; i++) expect(await deadline.run((signal) => (signals.add(signal), Promise.resolve(i)))).toBe(i);
    await expect(deadline.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(signals.size).toBe(1);
    expect(clock.nextDueMs()).toBe(1_000);
    expect(clock.nextDueMs({ includeBackground: false })).toBeUndefined();
    deadline.rest();
    expect(clock.nextDueMs()).toBeUndefined();
  });

  it('gives up a call that ignores its signal when its own time is up, not when the first one would have been', async () => {
    const { clock, deadline } = setUp();
    await deadline.run(() => Promise.resolve());
    await clock.advance(900);
    let signal: AbortSignal | undefined;
    const outcome = deadline.run((given) => ((signal = given), never())).catch((error: unknown) => error);
    await clock.advance(999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await outcome).toBe(late);
    expect(signal?.reason).toBe(late);
  });

  it('goes on after a call was given up, whatever becomes of that one', async () => {
    const { clock, deadline } = setUp();
    let answer: ((value: string) => void) | undefined;
    const first = deadline.run(() => new Promise<string>((resolve) => (answer = resolve))).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await first).toBe(late);
    const second = deadline.run((signal) => (expect(signal.aborted).toBe(false), never())).catch((error: unknown) => error);
    answer?.('too late');
    await clock.advance(1_000);
    expect(await second).toBe(late);
    await clock.advance(10_000);
    expect(clock.nextDueMs()).toBeUndefined();
  });
});
