import { describe, expect, it } from 'vitest';
import { checkHistory, type Operation, type RunHistory, type Told } from './model.ts';

const put = (at: number, key: string, value: string, outcome: Operation['outcome'], expect_?: number): Operation => ({
  startMs: at,
  endMs: at + 1,
  key,
  action: { type: 'put', value, expect: expect_ },
  outcome,
});
const get = (at: number, key: string, found?: { value: string; revision: number }): Operation => ({
  startMs: at,
  endMs: at + 1,
  key,
  action: { type: 'get' },
  outcome: { type: 'read', found },
});
const written = (revision: number): Operation['outcome'] => ({ type: 'written', revision });
const told = (revision: number, key: string, value: string): Told => ({ revision, type: 'put', key, value });
const gone = (revision: number, key: string): Told => ({ revision, type: 'delete', key, value: '' });
const run = (operations: readonly Operation[], log: readonly Told[], watched?: readonly Told[]): RunHistory => ({
  operations,
  log,
  from: 0,
  watchers: watched === undefined ? [] : [{ name: 'w', from: 0, until: 100, told: watched }],
});

describe('checkHistory finds nothing wrong with', () => {
  it.each<{ name: string; history: RunHistory }>([
    {
      name: 'writes in order, and a read',
      history: run(
        [put(0, 'a', 'x', written(1)), put(2, 'a', 'y', written(2), 1), get(4, 'a', { value: 'y', revision: 2 })],
        [told(1, 'a', 'x'), told(2, 'a', 'y')],
      ),
    },
    {
      name: 'a write of unknown outcome that is there',
      history: run([put(0, 'a', 'x', { type: 'unknown' }), get(9, 'a', { value: 'x', revision: 1 })], [told(1, 'a', 'x')]),
    },
    { name: 'a write of unknown outcome that is not there', history: run([put(0, 'a', 'x', { type: 'unknown' }), get(9, 'a')], []) },
    {
      name: 'a read at the time of a write that finds it, and one that does not',
      history: run([{ ...put(0, 'a', 'x', written(1)), endMs: 9 }, get(1, 'a', { value: 'x', revision: 1 }), get(0, 'a')], [told(1, 'a', 'x')]),
    },
    {
      name: 'a watcher that is told everything',
      history: run([put(0, 'a', 'x', written(1))], [told(1, 'a', 'x'), gone(2, 'a')], [told(1, 'a', 'x'), gone(2, 'a')]),
    },
  ])('$name', ({ history }) => {
    expect(checkHistory(history)).toEqual([]);
  });
});

describe('checkHistory finds', () => {
  it.each<{ name: string; history: RunHistory; problem: RegExp }>([
    { name: 'an acknowledged write that is lost', history: run([put(0, 'a', 'x', written(1))], []), problem: /acknowledged, and not there/ },
    { name: 'a refused write that is there', history: run([put(0, 'a', 'x', { type: 'refused' })], [told(1, 'a', 'x')]), problem: /refused, and yet there/ },
    {
      name: 'a write that is there twice',
      history: run([put(0, 'a', 'x', { type: 'unknown' })], [told(1, 'a', 'x'), told(2, 'a', 'x')]),
      problem: /written twice/,
    },
    { name: 'a value that nobody wrote', history: run([], [told(1, 'a', 'x')]), problem: /nobody wrote/ },
    {
      name: 'a compare that did not hold',
      history: run([put(0, 'a', 'x', written(1)), put(1, 'a', 'y', written(2), 7)], [told(1, 'a', 'x'), told(2, 'a', 'y')]),
      problem: /expected 7, and the key had 1/,
    },
    {
      name: 'a revision that goes back',
      history: run([put(0, 'a', 'x', written(5)), put(2, 'a', 'y', written(4))], [told(4, 'a', 'y'), told(5, 'a', 'x')]),
      problem: /was given after 5/,
    },
    {
      name: 'a stale read',
      history: run(
        [put(0, 'a', 'x', written(1)), put(2, 'a', 'y', written(2)), get(4, 'a', { value: 'x', revision: 1 })],
        [told(1, 'a', 'x'), told(2, 'a', 'y')],
      ),
      problem: /was over when 2/,
    },
    {
      name: 'a read that goes back behind another',
      history: run([put(0, 'a', 'x', { type: 'unknown' }), get(2, 'a', { value: 'x', revision: 1 }), get(4, 'a')], [told(1, 'a', 'x')]),
      problem: /read nothing at a/,
    },
    { name: 'a read of what never was', history: run([get(0, 'a', { value: 'z', revision: 3 })], []), problem: /never was/ },
    {
      name: 'a watcher that misses an event',
      history: run([put(0, 'a', 'x', written(1)), put(2, 'a', 'y', written(2))], [told(1, 'a', 'x'), told(2, 'a', 'y')], [told(2, 'a', 'y')]),
      problem: /watcher w, event 0/,
    },
    {
      name: 'a watcher that is told twice',
      history: run([put(0, 'a', 'x', written(1))], [told(1, 'a', 'x')], [told(1, 'a', 'x'), told(1, 'a', 'x')]),
      problem: /watcher w, event 1/,
    },
  ])('$name', ({ history, problem }) => {
    expect(checkHistory(history).join('\n')).toMatch(problem);
  });
});
