import type { Endpoint, Node } from '@kybern/core/kinds';
import type { EndpointGroup } from '@kybern/netmodel/addresses';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { service } from '../../test/objects.ts';
import { hintEndpoints } from './hints.ts';

const auto = service({}, { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } });
const zone = fc.constantFrom('z1', 'z2', 'z3', 'z4');
const endpointFacts = fc.array(fc.record({ zone, ready: fc.boolean() }), { maxLength: 40 });
const nodeFacts = fc.array(fc.record({ zone, cpu: fc.integer({ min: 1, max: 64 }), ready: fc.boolean() }), { maxLength: 8 });

const endpoints = (facts: readonly { readonly zone: string; readonly ready: boolean }[]): readonly Endpoint[] =>
  facts.map((fact, i) => ({ addresses: [`10.0.0.${i}`], conditions: { ready: fact.ready }, nodeName: `n${i}`, zone: fact.zone }));
const nodesOf = (facts: readonly { readonly zone: string; readonly cpu: number; readonly ready: boolean }[]): readonly Node[] =>
  facts.map((fact, i) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `n${i}`, labels: { 'topology.kubernetes.io/zone': fact.zone } },
    spec: {},
    status: { allocatable: { cpu: String(fact.cpu) }, conditions: [{ type: 'Ready', status: fact.ready ? 'True' : 'False' }] },
  }));
const group = (of: readonly Endpoint[]): EndpointGroup => ({ addressType: 'IPv4', ports: [], endpoints: of });
const hintOf = ({ hints }: Endpoint): string | undefined => hints?.forZones?.[0]?.name;
const count = <T>(items: readonly T[], holds: (item: T) => boolean): number => items.filter(holds).length;

it('property: hints are for every ready endpoint or for none, and change nothing else', () => {
  fc.assert(
    fc.property(endpointFacts, nodeFacts, (facts, zones) => {
      const before = endpoints(facts);
      const { groups, disabled } = hintEndpoints(auto, [group(before)], () => nodesOf(zones));
      const after = groups.flatMap((each) => each.endpoints);
      expect(after.map(({ hints: _, ...rest }) => rest)).toEqual(before);
      for (const endpoint of after) expect(hintOf(endpoint) !== undefined).toBe(disabled === undefined && endpoint.conditions?.ready === true);
      expect(hintEndpoints(auto, [group(before)], () => nodesOf(zones))).toEqual({ groups, disabled });
    }),
  );
});

it('property: a zone gives only what it has beyond its share of the CPUs, and takes only up to it', () => {
  fc.assert(
    fc.property(endpointFacts, nodeFacts, (facts, zones) => {
      const { groups, disabled } = hintEndpoints(auto, [group(endpoints(facts))], () => nodesOf(zones));
      fc.pre(disabled === undefined);
      const ready = groups.flatMap((each) => each.endpoints).filter(({ conditions }) => conditions?.ready === true);
      const up = zones.filter((each) => each.ready);
      const cpus = up.reduce((total, { cpu }) => total + cpu, 0);
      for (const name of new Set(ready.map((each) => each.zone))) {
        const cpu = up.filter((each) => each.zone === name).reduce((total, each) => total + each.cpu, 0);
        const have = count(ready, (each) => each.zone === name);
        const hinted = count(ready, (each) => hintOf(each) === name);
        // Where there are no nodes nobody asks either: what is there stays.
        if (cpu === 0) {
          expect(hinted).toBe(have);
          continue;
        }
        const exact = (cpu / cpus) * ready.length;
        const share = Math.max(exact, Math.ceil(exact / 1.2));
        if (have > share) {
          expect(hinted).toBeLessThanOrEqual(have);
          expect(hinted).toBeGreaterThan(share - 1);
        } else {
          expect(hinted).toBeGreaterThanOrEqual(have);
          expect(hinted).toBeLessThan(share + 1);
        }
      }
      expect(ready.every((endpoint) => endpoint.zone === hintOf(endpoint) || up.some((each) => each.zone === hintOf(endpoint)))).toBe(true);
    }),
  );
});
