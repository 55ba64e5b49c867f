import { describe, expect, it } from 'vitest';
import { EvictionLimiter, evictionRate, isNodeReady, zoneOf, zoneState } from './zones.ts';
import type { Node } from '@kybern/core/kinds';

const node = (name: string, ready: boolean, labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
});
const nodes = (ready: number, notReady: number): Node[] => [
  ...Array.from({ length: ready }, (_, i) => node(`up-${i}`, true)),
  ...Array.from({ length: notReady }, (_, i) => node(`down-${i}`, false)),
];

describe('zoneState', () => {
  it.each([
    { ready: 3, notReady: 0, state: 'normal' },
    { ready: 1, notReady: 2, state: 'normal' },
    { ready: 2, notReady: 3, state: 'partialDisruption' },
    { ready: 9, notReady: 10, state: 'normal' },
    { ready: 0, notReady: 1, state: 'fullDisruption' },
    { ready: 0, notReady: 0, state: 'normal' },
  ])('$ready ready, $notReady not: $state', ({ ready, notReady, state }) => {
    expect(zoneState(ready, notReady)).toBe(state);
  });
});

describe('evictionRate', () => {
  it.each([
    { state: 'normal', nodes: 3, rate: 0.1 },
    { state: 'fullDisruption', nodes: 3, rate: 0.1 },
    { state: 'partialDisruption', nodes: 50, rate: 0 },
    { state: 'partialDisruption', nodes: 51, rate: 0.01 },
  ] as const)('$state of $nodes nodes: $rate a second', ({ state, nodes: count, rate }) => {
    expect(evictionRate(state, count)).toBe(rate);
  });
});

describe('an EvictionLimiter', () => {
  const down = node('down-0', false);

  it('lets one through at once, the next when the zone’s rate does', () => {
    const limiter = new EvictionLimiter({});
    const decide = (monotonicMs: number): unknown => limiter.decide({ node: down, nodes: nodes(5, 2), monotonicMs });
    expect([decide(0), decide(0), decide(9_000), decide(10_000)]).toEqual([
      { type: 'allowed' },
      { type: 'waiting', afterMs: 10_000 },
      { type: 'waiting', afterMs: 1_000 },
      { type: 'allowed' },
    ]);
  });

  it('does not say when, where nothing is let through', () => {
    const limiter = new EvictionLimiter({});
    expect(limiter.decide({ node: down, nodes: nodes(1, 4), monotonicMs: 0 })).toEqual({ type: 'waiting', afterMs: undefined });
  });

  it('suspends everything when every zone is down', () => {
    const limiter = new EvictionLimiter({});
    const zoned = [node('down-0', false), node('b', false, { 'topology.kubernetes.io/zone': 'b' })];
    expect(limiter.decide({ node: down, nodes: zoned, monotonicMs: 0 })).toEqual({ type: 'suspended' });
    expect(limiter.ofEvicted({ node: down, nodes: zoned, monotonicMs: 0 })).toEqual({ type: 'suspended' });
    expect(limiter.ofEvicted({ node: down, nodes: [...zoned, node('c', true)], monotonicMs: 0 })).toEqual({ type: 'allowed' });
  });

  it('counts a node as not ready that the cache still shows as ready', () => {
    const limiter = new EvictionLimiter({});
    expect(limiter.decide({ node: node('only', true), nodes: [node('only', true)], monotonicMs: 0 })).toEqual({ type: 'suspended' });
  });
});

it('zones are regions and zones', () => {
  expect(zoneOf(node('a', true))).toBe('');
  expect(zoneOf(node('a', true, { 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'z' }))).toBe('r:\0:z');
  expect([isNodeReady(node('a', true)), isNodeReady(node('a', false))]).toEqual([true, false]);
});
