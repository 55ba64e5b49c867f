import { describe, expect, it } from 'vitest';
import { done, requeueAfter } from './outcome.ts';

describe('outcomes', () => {
  it.each([
    { name: 'ms', delay: 250, afterMs: 250 },
    { name: 'nothing', delay: 0, afterMs: 0 },
    { name: 'seconds', delay: '30s', afterMs: 30_000 },
    { name: 'mixed units', delay: '1h30m', afterMs: 5_400_000 },
  ])('requeueAfter takes $name', ({ delay, afterMs }) => {
    expect(requeueAfter(delay)).toEqual({ type: 'requeueAfter', afterMs, background: false });
  });

  it.each([{ delay: -1 }, { delay: '-5s' }, { delay: NaN }, { delay: 'soon' }, { delay: '' }])('requeueAfter refuses $delay', ({ delay }) => {
    expect(() => requeueAfter(delay)).toThrow();
  });

  it('done is always the same value', () => {
    expect(done()).toBe(done());
    expect(done()).toEqual({ type: 'done' });
  });
});
