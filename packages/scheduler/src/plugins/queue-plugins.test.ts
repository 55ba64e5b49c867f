import { describe, expect, it } from 'vitest';
import { makePod } from '../../test/objects.ts';
import type { QueuedItem } from '../queue/queued-item.ts';
import type { Pod } from '@kybern/core/kinds';
import { prioritySort } from './priority-sort.ts';
import { schedulingGates } from './scheduling-gates.ts';

const queued = (priority: number | undefined, timestampMs: number): QueuedItem<Pod> => ({
  key: 'k',
  item: makePod('p', priority === undefined ? {} : { spec: { priority } }),
  timestampMs,
  firstSeenMs: 0,
  attempts: 0,
  unschedulableCount: 0,
  consecutiveErrors: 0,
  unschedulablePlugins: new Set(),
  pendingPlugins: new Set(),
  gatedBy: undefined,
});

describe('PrioritySort', () => {
  it.each([
    { name: 'lower priority', a: queued(10, 1), b: queued(100, 2), less: false },
    { name: 'higher priority', a: queued(100, 1), b: queued(10, 2), less: true },
    { name: 'equal priority, earlier', a: queued(100, 1), b: queued(100, 2), less: true },
    { name: 'equal priority, later', a: queued(100, 2), b: queued(100, 1), less: false },
    { name: 'higher priority, later', a: queued(100, 2), b: queued(10, 1), less: true },
    { name: 'no priority is 0', a: queued(undefined, 1), b: queued(-1, 0), less: true },
  ])('$name', ({ a, b, less }) => expect(prioritySort().less(a, b)).toBe(less));
});

describe('SchedulingGates', () => {
  it('holds a Pod while it has gates, and names them', () => {
    const gated = makePod('p', { spec: { schedulingGates: [{ name: 'foo' }, { name: 'bar.io/x' }] } });
    expect(schedulingGates().preEnqueue(gated)).toMatchObject({
      code: 'UnschedulableAndUnresolvable',
      reasons: ['waiting for scheduling gates: [foo bar.io/x]'],
    });
    expect(schedulingGates().preEnqueue(makePod('p', { spec: { schedulingGates: [] } }))).toBeUndefined();
    expect(schedulingGates().preEnqueue(makePod('p'))).toBeUndefined();
  });
});
