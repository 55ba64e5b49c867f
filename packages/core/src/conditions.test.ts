import { describe, expect, it } from 'vitest';
import { condition, getCondition, isConditionTrue, stampConditions, type Conditioned } from './conditions.ts';
import type { Condition } from './object.ts';

interface Site {
  status?: { conditions?: Condition[] };
}
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const OLD = '2001-01-01T00:00:00Z';

describe('condition', () => {
  it('makes status and conditions where there are none', () => {
    const draft: Site = {};
    condition(draft, 'Ready', true);
    expect(draft).toEqual({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  });

  it.each([
    { given: true, status: 'True' },
    { given: false, status: 'False' },
    { given: 'Unknown' as const, status: 'Unknown' },
    { given: 'False' as const, status: 'False' },
  ])('takes $given for $status', ({ given, status }) => {
    const draft: Site = {};
    condition(draft, 'Ready', given);
    expect(getCondition(draft, 'Ready')?.status).toBe(status);
  });

  it('adds at the end and changes in place', () => {
    const draft: Site = {
      status: {
        conditions: [
          { type: 'A', status: 'True' },
          { type: 'B', status: 'True' },
        ],
      },
    };
    condition(draft, 'C', true);
    condition(draft, 'A', false);
    expect(draft.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual(['A=False', 'B=True', 'C=True']);
  });

  it('drops lastTransitionTime only when the status changes', () => {
    const draft: Site = { status: { conditions: [{ type: 'A', status: 'True', lastTransitionTime: OLD }] } };
    condition(draft, 'A', true, { reason: 'Again' });
    expect(getCondition(draft, 'A')).toEqual({ type: 'A', status: 'True', reason: 'Again', lastTransitionTime: OLD });
    condition(draft, 'A', false);
    expect(getCondition(draft, 'A')).toEqual({ type: 'A', status: 'False' });
  });

  it('makes reason, message and observedGeneration what is given, and no more', () => {
    const draft: Site = {};
    condition(draft, 'A', true, { reason: 'R', message: 'M', observedGeneration: 1 });
    expect(getCondition(draft, 'A')).toEqual({ type: 'A', status: 'True', reason: 'R', message: 'M', observedGeneration: 1 });
    condition(draft, 'A', true, { message: 'N' });
    expect(getCondition(draft, 'A')).toEqual({ type: 'A', status: 'True', message: 'N' });
  });
});

describe('isConditionTrue', () => {
  const object = (status: string): Conditioned => ({ status: { conditions: [{ type: 'Ready', status }] } });
  it.each([
    { name: 'True', of: object('True'), is: true },
    { name: 'False', of: object('False'), is: false },
    { name: 'Unknown', of: object('Unknown'), is: false },
    { name: 'no conditions', of: { status: {} }, is: false },
    { name: 'no status', of: {}, is: false },
  ])('of $name is $is', ({ of, is }) => {
    expect(isConditionTrue(of, 'Ready')).toBe(is);
  });
});

describe('stampConditions', () => {
  const stamped = (conditions: Condition[], before: Condition[]): (string | undefined)[] => {
    const draft: Site = { status: { conditions } };
    stampConditions(draft, { status: { conditions: before } }, NOW);
    return conditions.map((each) => each.lastTransitionTime);
  };
  it.each([
    { name: 'what is new', after: { status: 'True' }, before: [], time: '2026-01-02T03:04:05Z' },
    { name: 'what was dropped', after: { status: 'True' }, before: [{ type: 'A', status: 'False', lastTransitionTime: OLD }], time: '2026-01-02T03:04:05Z' },
    {
      name: 'what changed by hand',
      after: { status: 'True', lastTransitionTime: OLD },
      before: [{ type: 'A', status: 'False', lastTransitionTime: OLD }],
      time: '2026-01-02T03:04:05Z',
    },
    {
      name: 'not what was set by hand',
      after: { status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' },
      before: [{ type: 'A', status: 'False', lastTransitionTime: OLD }],
      time: '2020-01-01T00:00:00Z',
    },
    {
      name: 'not what stayed',
      after: { status: 'True', lastTransitionTime: OLD },
      before: [{ type: 'A', status: 'True', lastTransitionTime: OLD }],
      time: OLD,
    },
  ])('stamps $name', ({ after, before, time }) => {
    expect(stamped([{ type: 'A', ...after }], before)).toEqual([time]);
  });

  it('takes objects without conditions', () => {
    const draft: Site = {};
    stampConditions(draft, {}, NOW);
    expect(draft).toEqual({});
  });
});
