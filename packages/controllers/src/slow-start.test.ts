import { expect, it } from 'vitest';
import { slowStart } from './slow-start.ts';

it.each([
  { name: 'all succeed', count: 10, failFrom: Infinity, calls: 10, done: 10 },
  { name: 'nothing to do', count: 0, failFrom: 0, calls: 0, done: 0 },
  { name: 'the first fails: one call', count: 500, failFrom: 0, calls: 1, done: 0 },
  { name: 'a batch fails: it ends, no other begins', count: 500, failFrom: 4, calls: 7, done: 4 },
])('$name', async ({ count, failFrom, calls, done }) => {
  let called = 0;
  const result = await slowStart(count, () => {
    const call = called++;
    return call >= failFrom ? Promise.reject(new Error(`call ${call}`)) : Promise.resolve(call);
  });
  expect([called, result.values.length]).toEqual([calls, done]);
  expect(result.error).toEqual(calls > done ? new Error(`call ${failFrom}`) : undefined);
});
