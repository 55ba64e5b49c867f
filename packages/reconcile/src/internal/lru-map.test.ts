import { describe, expect, it } from 'vitest';
import { LruMap } from './lru-map.ts';

interface Entry {
  readonly value: number;
}

describe('LruMap', () => {
  it('keeps as many entries as its limit, those that were used last', () => {
    const map = new LruMap<number, Entry>(3);
    const made = [1, 2, 3].map((key) => map.use(key, () => ({ value: key })));
    const again = [1, 2, 3].map((key) => map.use(key, () => ({ value: -1 })));
    expect(again).toEqual(made);
  });

  it('keeps what is used again and again, however many others come', () => {
    const map = new LruMap<string, Entry>(3);
    map.use('kept', () => ({ value: 0 }));
    for (let i = 0; i < 100; i++) {
      map.use(`other-${String(i)}`, () => ({ value: i }));
      expect(map.use('kept', () => ({ value: -1 }))).toEqual({ value: 0 });
    }
  });

  it('forgets what was not used while twice as many others were', () => {
    const map = new LruMap<string, Entry>(3);
    map.use('once', () => ({ value: 0 }));
    for (let i = 0; i < 6; i++) map.use(`other-${String(i)}`, () => ({ value: i }));
    expect(map.use('once', () => ({ value: 1 }))).toEqual({ value: 1 });
  });

  it('replaces a value', () => {
    const map = new LruMap<string, Entry>(1);
    map.use('a', () => ({ value: 1 }));
    map.set('a', { value: 2 });
    expect(map.use('a', () => ({ value: 3 }))).toEqual({ value: 2 });
  });
});
