import { describe, expect, it } from 'vitest';
import { createReadIndex } from './read-index.ts';

/** A cluster whose answers come when the test says so. */
function cluster(): { ask: () => Promise<number>; answer: (revision: number) => void; fail: () => void; asked: () => number } {
  const waiting: { resolve: (revision: number) => void; reject: (error: Error) => void }[] = [];
  let asked = 0;
  return {
    ask: () => {
      asked += 1;
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    answer: (revision) => waiting.shift()?.resolve(revision),
    fail: () => waiting.shift()?.reject(new Error('gone')),
    asked: () => asked,
  };
}

describe('the read index', () => {
  it('is not that of a question that was on its way already, and those who come meanwhile share the next', async () => {
    const { ask, answer, asked } = cluster();
    const readIndex = createReadIndex(ask);
    const first = readIndex();
    const later = [readIndex(), readIndex(), readIndex()];
    expect(asked()).toBe(1);
    answer(1);
    expect(await first).toBe(1);
    await Promise.resolve();
    answer(2);
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    expect(asked()).toBe(2);
  });

  it('fails for those who asked, and not for those who come after', async () => {
    const { ask, answer, fail } = cluster();
    const readIndex = createReadIndex(ask);
    const first = readIndex();
    const second = readIndex();
    fail();
    await expect(first).rejects.toThrow('gone');
    await Promise.resolve();
    answer(5);
    expect(await second).toBe(5);
  });
});
