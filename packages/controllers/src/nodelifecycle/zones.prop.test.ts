import type { Node } from '@kybern/core/kinds';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EvictionLimiter, evictionRate, zoneState } from './zones.ts';

interface Fact {
  readonly zone: string;
  readonly ready: boolean;
}

const node = (name: string, { zone, ready }: Fact): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
});
const zone = fc.constantFrom('a', 'b', 'c');
const cluster = fc.array(fc.record({ zone, ready: fc.boolean() }), { minLength: 1, maxLength: 12 }).map((facts) => facts.map((fact, i) => node(`n${i}`, fact)));
const options = fc.record({
  evictionRate: fc.constantFrom(0.1, 1, 5),
  secondaryEvictionRate: fc.constantFrom(0, 0.01, 0.5),
  largeZoneNodes: fc.integer({ min: 0, max: 6 }),
});
/** The cluster as it is from one moment on, and which of its nodes asks then. */
const look = fc.record({ nodes: cluster, at: fc.nat(11), afterMs: fc.integer({ min: 0, max: 20_000 }) });

/** Counted anew, the slow way. */
function countsOf(nodes: readonly Node[], asking: Node): { readonly ready: number; readonly notReady: number; readonly zone: string }[] {
  const zoneOf = ({ metadata }: Node): string => metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
  const isReady = (each: Node): boolean => each !== asking && each.status?.conditions?.[0]?.status === 'True';
  return [...new Set(nodes.map(zoneOf))].map((name) => {
    const own = nodes.filter((each) => zoneOf(each) === name);
    const ready = own.filter(isReady).length;
    return { zone: name, ready, notReady: own.length - ready };
  });
}

it('property: no zone loses nodes faster than its fastest rate, or at all where its rate is none, and nothing goes where nothing is ready', () => {
  fc.assert(
    fc.property(options, fc.array(look, { minLength: 1, maxLength: 60 }), (limits, looks) => {
      const limiter = new EvictionLimiter(limits);
      const allowed = new Map<string, number[]>();
      let monotonicMs = 0;
      for (const { nodes, at, afterMs } of looks) {
        monotonicMs += afterMs;
        const asking = nodes[at % nodes.length] as Node;
        const decision = limiter.decide({ node: asking, nodes, monotonicMs });
        const counts = countsOf(nodes, asking);
        const own = counts.find((each) => each.zone === asking.metadata.labels?.['topology.kubernetes.io/zone']);
        const down = counts.every(({ ready, notReady }) => zoneState(ready, notReady) === 'fullDisruption');
        expect(decision.type === 'suspended').toBe(down);
        if (decision.type !== 'allowed' || own === undefined) continue;
        expect(evictionRate(zoneState(own.ready, own.notReady), own.ready + own.notReady, limits)).toBeGreaterThan(0);
        allowed.set(own.zone, [...(allowed.get(own.zone) ?? []), monotonicMs]);
      }
      const fastest = Math.max(limits.evictionRate, limits.secondaryEvictionRate);
      for (const times of allowed.values()) {
        for (const [i, from] of times.entries()) {
          for (const [j, to] of times.entries()) if (j > i) expect(j - i).toBeLessThanOrEqual(((to - from) / 1000) * fastest + 1e-3);
        }
      }
    }),
  );
});

it('property: who waits for the time that it was told has its turn', () => {
  fc.assert(
    fc.property(options, cluster, fc.nat(11), (limits, nodes, at) => {
      const asking = nodes[at % nodes.length] as Node;
      const limiter = new EvictionLimiter(limits);
      let monotonicMs = 0;
      for (let turn = 0; turn < 5; turn++) {
        const decision = limiter.decide({ node: asking, nodes, monotonicMs });
        if (decision.type === 'suspended' || (decision.type === 'waiting' && decision.afterMs === undefined)) return;
        if (decision.type === 'allowed') continue;
        monotonicMs += decision.afterMs ?? 0;
        expect(limiter.decide({ node: asking, nodes, monotonicMs }).type).toBe('allowed');
      }
    }),
  );
});
