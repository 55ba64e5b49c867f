import type { EndpointSlice, Service } from '@kybern/core/kinds';
import type { EndpointGroup } from '@kybern/netmodel/addresses';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { service } from '../../test/objects.ts';
import { computeEndpointSlices, type EndpointSlicePlan, type NewEndpointSlice } from './compute.ts';

const PORTS = [{ name: '', port: 80, protocol: 'TCP' as const }];
const endpoint = (name: string, ready = true): EndpointGroup['endpoints'][number] => ({
  addresses: [`10.0.0.${name}`],
  conditions: { ready, serving: ready, terminating: false },
  targetRef: { kind: 'Pod', namespace: 'default', name, uid: `uid-${name}` },
});
const group = (names: readonly string[], ports: EndpointGroup['ports'] = PORTS): EndpointGroup => ({
  addressType: 'IPv4',
  ports,
  endpoints: names.map((name) => endpoint(name)),
});
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));

/** What the slices are after the plan; new ones get names by their order. */
function apply(slices: readonly EndpointSlice[], plan: EndpointSlicePlan): EndpointSlice[] {
  const changed = new Map(plan.update.map((slice) => [slice.metadata.name, slice]));
  const left = slices.filter((slice) => !plan.remove.includes(slice)).map((slice) => changed.get(slice.metadata.name) ?? slice);
  return [...left, ...plan.create.map((slice, i) => stored(slice, `s${slices.length + i}-${left.length}`))];
}
const stored = ({ metadata, ...rest }: NewEndpointSlice, name: string): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, name },
  ...rest,
});
const names = (slice: Pick<EndpointSlice, 'endpoints'>): (string | undefined)[] => (slice.endpoints ?? []).map((each) => each.targetRef?.name);
const start = (names_: readonly string[], max = 100, svc: Service = service()): EndpointSlice[] =>
  apply([], computeEndpointSlices({ service: svc, groups: [group(names_)], slices: [], maxEndpointsPerSlice: max }));

describe('computeEndpointSlices', () => {
  it('a new Service gets slices with labels and owner', () => {
    const svc = service({}, { labels: { team: 'x', 'kubernetes.io/service-name': 'lie' } });
    const plan = computeEndpointSlices({ service: svc, groups: [group(['1'])], slices: [] });
    expect(plan.create).toEqual([
      {
        metadata: {
          generateName: 'web-',
          namespace: 'default',
          labels: { team: 'x', 'kubernetes.io/service-name': 'web', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'uid-svc', controller: true, blockOwnerDeletion: true }],
        },
        addressType: 'IPv4',
        ports: PORTS,
        endpoints: [endpoint('1')],
      },
    ]);
  });

  it('a headless Service is labelled so', () => {
    const plan = computeEndpointSlices({ service: service({ clusterIP: 'None' }), groups: [], slices: [] });
    expect(plan.create[0]?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
  });

  it('without endpoints there is one empty slice, which is filled later and emptied again', () => {
    const empty = apply([], computeEndpointSlices({ service: service(), groups: [], slices: [] }));
    expect(empty).toMatchObject([{ addressType: 'IPv4', endpoints: [], ports: [] }]);
    expect(computeEndpointSlices({ service: service(), groups: [], slices: empty })).toEqual({ create: [], update: [], remove: [] });
    const filling = computeEndpointSlices({ service: service(), groups: [group(['1'])], slices: empty });
    expect(filling).toMatchObject({ create: [], remove: [], update: [{ metadata: { name: empty[0]?.metadata.name }, ports: PORTS }] });
    const emptying = computeEndpointSlices({ service: service(), groups: [], slices: apply(empty, filling) });
    expect(emptying).toMatchObject({ create: [], remove: [], update: [{ endpoints: [], ports: [] }] });
  });

  it('nothing changes: nothing is written', () => {
    const slices = start(numbers(0, 250));
    expect(slices.map((slice) => slice.endpoints?.length)).toEqual([100, 100, 50]);
    expect(computeEndpointSlices({ service: service(), groups: [group(numbers(0, 250).reverse())], slices })).toEqual({ create: [], update: [], remove: [] });
  });

  it('one endpoint changes: one slice is written', () => {
    const slices = start(numbers(0, 250));
    const changed = { ...group(numbers(0, 250)), endpoints: numbers(0, 250).map((name) => endpoint(name, name !== '7')) };
    const plan = computeEndpointSlices({ service: service(), groups: [changed], slices });
    expect(plan).toMatchObject({ create: [], remove: [] });
    expect(plan.update).toHaveLength(1);
  });

  it('replacements go into the slice that loses endpoints', () => {
    const slices = start(['1', '2', '3', '4'], 2);
    const plan = computeEndpointSlices({ service: service(), groups: [group(['1', '3', '4', '5'])], slices, maxEndpointsPerSlice: 2 });
    expect(plan.update.map(names)).toEqual([['1', '5']]);
    expect([plan.create, plan.remove]).toEqual([[], []]);
  });

  it('additions go where they fit best', () => {
    const slices = [...start(['1', '2'], 3), ...start(['3'], 3).map((slice) => ({ ...slice, metadata: { ...slice.metadata, name: 'other' } }))];
    const plan = computeEndpointSlices({ service: service(), groups: [group(['1', '2', '3', '4'])], slices, maxEndpointsPerSlice: 3 });
    expect(plan.update.map(names)).toEqual([['1', '2', '4']]);
  });

  it('slices are by ports', () => {
    const other = [{ name: '', port: 81, protocol: 'TCP' as const }];
    const slices = apply([], computeEndpointSlices({ service: service(), groups: [group(['1']), group(['2'], other)], slices: [] }));
    expect(slices).toHaveLength(2);
    const plan = computeEndpointSlices({ service: service(), groups: [group(['1', '2'])], slices });
    expect(plan.remove.map(names)).toEqual([['2']]);
    expect(plan.update.map(names)).toEqual([['1', '2']]);
  });

  it('labels of the Service are followed', () => {
    const slices = start(['1']);
    const plan = computeEndpointSlices({ service: service({}, { labels: { team: 'y' } }), groups: [group(['1'])], slices });
    expect(plan.update[0]?.metadata.labels).toMatchObject({ team: 'y' });
  });

  it('slices of a Service of the same name that is gone are not recycled', () => {
    const slices = start(['1'], 100, { ...service(), metadata: { ...service().metadata, uid: 'before' } });
    const plan = computeEndpointSlices({ service: service(), groups: [group(['2'])], slices });
    expect([plan.create.length, plan.remove.length, plan.update.length]).toEqual([1, 1, 0]);
  });

  it('property: every endpoint is in exactly one slice, no slice is too full, and then nothing is left to do', () => {
    const sets = fc.array(fc.uniqueArray(fc.nat(25), { maxLength: 20 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sets, fc.integer({ min: 1, max: 5 }), (rounds, max) => {
        let slices: EndpointSlice[] = [];
        for (const wanted of rounds) {
          const groups = [group(wanted.map(String))].filter((each) => each.endpoints.length > 0);
          const input = { service: service(), groups, maxEndpointsPerSlice: max };
          slices = apply(slices, computeEndpointSlices({ ...input, slices })).map((slice, i) => ({ ...slice, metadata: { ...slice.metadata, name: `n${i}` } }));
          expect(slices.flatMap(names).sort()).toEqual(wanted.map(String).sort());
          expect(slices.every((slice) => (slice.endpoints ?? []).length <= max && (wanted.length === 0 || (slice.endpoints ?? []).length > 0))).toBe(true);
          expect(computeEndpointSlices({ ...input, slices })).toEqual({ create: [], update: [], remove: [] });
        }
      }),
    );
  });
});
