import type { Taint, Toleration } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { at, pod, START_MS } from '../../test/objects.ts';
import { computeTaintEviction } from './compute.ts';

const gone: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: at(0) };
const mine: Taint = { key: 'mine', value: 'v', effect: 'NoExecute' };
const tolerate = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

it.each<{ name: string; taints: Taint[]; tolerations?: Toleration[]; expected: object }>([
  { name: 'no taints', taints: [], expected: { type: 'stay' } },
  { name: 'only NoSchedule', taints: [{ ...gone, effect: 'NoSchedule' }], expected: { type: 'stay' } },
  { name: 'not tolerated', taints: [gone], expected: { type: 'evict' } },
  { name: 'tolerated for ever', taints: [gone], tolerations: [tolerate(gone.key)], expected: { type: 'stay' } },
  { name: 'everything tolerated', taints: [gone, mine], tolerations: [{ operator: 'Exists' }], expected: { type: 'stay' } },
  { name: 'tolerated for a while', taints: [gone], tolerations: [tolerate(gone.key, 300)], expected: { type: 'evictLater', afterMs: 200_000 } },
  { name: 'the while is over', taints: [gone], tolerations: [tolerate(gone.key, 100)], expected: { type: 'evict' } },
  { name: 'a negative while', taints: [gone], tolerations: [tolerate(gone.key, -1)], expected: { type: 'evict' } },
  { name: 'one of two not tolerated', taints: [gone, mine], tolerations: [tolerate(gone.key, 300)], expected: { type: 'evict' } },
  {
    name: 'the shortest while counts',
    taints: [gone, { ...mine, timeAdded: at(0) }],
    tolerations: [tolerate(gone.key, 300), tolerate('mine', 150)],
    expected: { type: 'evictLater', afterMs: 50_000 },
  },
  { name: 'without a time, from when it was seen', taints: [mine], tolerations: [tolerate('mine', 30)], expected: { type: 'evictLater', afterMs: 20_000 } },
  { name: 'the value must be equal', taints: [mine], tolerations: [{ key: 'mine', operator: 'Equal', value: 'w' }], expected: { type: 'evict' } },
  { name: 'an equal value', taints: [mine], tolerations: [{ key: 'mine', value: 'v' }], expected: { type: 'stay' } },
  { name: 'an equal empty key is none', taints: [{ key: 'x', effect: 'NoExecute' }], tolerations: [{ operator: 'Equal' }], expected: { type: 'evict' } },
])('$name', ({ taints, tolerations = [], expected }) => {
  expect(computeTaintEviction({ nowMs: START_MS + 100_000, pod: pod('a', { spec: { tolerations } }), taints, sinceMs: START_MS + 90_000 })).toEqual(expected);
});

it('a Pod that is going already is left alone', () => {
  expect(computeTaintEviction({ nowMs: START_MS, pod: pod('a', { metadata: { deletionTimestamp: at(0) } }), taints: [gone], sinceMs: START_MS })).toEqual({
    type: 'stay',
  });
});
