import { expect, it } from 'vitest';
import { CycleState } from './cycle-state.ts';

it('copies what can be copied and shares the rest', () => {
  const counter = (count: number): { count: number; clone(): unknown } => ({ count, clone: () => counter(count) });
  const state = new CycleState();
  const shared = {};
  state.set('counter', counter(1));
  state.set('shared', shared);
  state.set('gone', 1);
  state.delete('gone');
  const copy = state.clone();
  (copy.get<{ count: number }>('counter') as { count: number }).count = 2;
  expect(state.get<{ count: number }>('counter')?.count).toBe(1);
  expect([copy.get('shared'), copy.get('gone')]).toEqual([shared, undefined]);
});
