import { createFakeClock } from '@kybern/core/testing';
import { describe, expect, it } from 'vitest';
import { defaultRateLimiter, exponentialLimiter, maxOfLimiters, tokenBucketLimiter } from './rate-limiter.ts';

describe('exponentialLimiter', () => {
  it('doubles per key, and starts anew after forget', () => {
    const limiter = exponentialLimiter<string>();
    expect([1, 2, 3, 4].map(() => limiter.next('a'))).toEqual([5, 10, 20, 40]);
    expect(limiter.next('b')).toBe(5);
    expect(limiter.failures('a')).toBe(4);
    limiter.forget('a');
    expect(limiter.failures('a')).toBe(0);
    expect(limiter.next('a')).toBe(5);
  });

  it('never exceeds the longest delay, however often a key fails', () => {
    const limiter = exponentialLimiter<string>();
    let last = 0;
    for (let i = 0; i < 2000; i++) last = limiter.next('a');
    expect(last).toBe(1_000_000);
  });
});

describe('tokenBucketLimiter', () => {
  it('lets a burst through and spreads the rest evenly', () => {
    const limiter = tokenBucketLimiter<string>({ clock: createFakeClock(), qps: 10, burst: 3 });
    expect([1, 2, 3, 4, 5].map(() => Math.round(limiter.next('a')))).toEqual([0, 0, 0, 100, 200]);
  });

  it('fills up with time, but not beyond the burst', async () => {
    const clock = createFakeClock();
    const limiter = tokenBucketLimiter<string>({ clock, qps: 10, burst: 2 });
    for (let i = 0; i < 2; i++) limiter.next('a');
    await clock.advance(60_000);
    expect([1, 2, 3].map(() => Math.round(limiter.next('a')))).toEqual([0, 0, 100]);
  });
});

describe('combined limiters', () => {
  it('the strictest counts', () => {
    const limiter = maxOfLimiters(exponentialLimiter<string>({ baseMs: 1 }), exponentialLimiter<string>({ baseMs: 7 }));
    expect(limiter.next('a')).toBe(7);
    limiter.forget('a');
    expect(limiter.next('a')).toBe(7);
  });

  it('the default is per key at first, and limits all keys together beyond a burst of 100', () => {
    const limiter = defaultRateLimiter<number>(createFakeClock());
    const delays = Array.from({ length: 102 }, (_, key) => limiter.next(key));
    expect(delays.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 5));
    expect(Math.round(delays[100] ?? 0)).toBe(100);
    expect(Math.round(delays[101] ?? 0)).toBe(200);
  });
});
