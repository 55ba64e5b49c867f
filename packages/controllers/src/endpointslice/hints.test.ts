import type { Endpoint, Node, ServiceSpec } from '@kybern/core/kinds';
import type { EndpointGroup } from '@kybern/netmodel/addresses';
import { describe, expect, it } from 'vitest';
import { service } from '../../test/objects.ts';
import { hintEndpoints, hintEvent } from './hints.ts';

const endpoint = (name: string, zone?: string, ready = true): Endpoint => ({
  addresses: [name],
  conditions: { ready },
  nodeName: `node-${name}`,
  ...(zone === undefined ? {} : { zone }),
});
const group = (...endpoints: readonly Endpoint[]): EndpointGroup => ({ addressType: 'IPv4', ports: [], endpoints });
const node = (name: string, zone: string, cpu: string, more: { readonly ready?: boolean; readonly labels?: Record<string, string> } = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone, ...more.labels } },
  spec: {},
  status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
});
const auto = service({}, { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } });
const shown = (groups: readonly EndpointGroup[]): unknown[] =>
  groups.flatMap(({ endpoints }) => endpoints.map(({ hints }) => [hints?.forZones?.[0]?.name, hints?.forNodes?.[0]?.name]));

describe('trafficDistribution', () => {
  const groups = [group(endpoint('a', 'z1'), endpoint('b'), endpoint('c', 'z2', false))];
  it.each<{ spec: Partial<ServiceSpec>; expected: unknown[] }>([
    { spec: {}, expected: [[], [], []] },
    { spec: { trafficDistribution: 'PreferClose' }, expected: [['z1'], [], []] },
    { spec: { trafficDistribution: 'PreferSameZone' }, expected: [['z1'], [], []] },
    { spec: { trafficDistribution: 'PreferSameNode' }, expected: [['z1', 'node-a'], [undefined, 'node-b'], []] },
  ])('$spec', ({ spec, expected }) => {
    const hinted = hintEndpoints(service(spec), groups, () => []);
    expect(shown(hinted.groups)).toEqual(expected.map((pair) => [(pair as unknown[])[0], (pair as unknown[])[1]]));
  });
});

describe('topology-mode: Auto', () => {
  const zones = [node('n1', 'z1', '4'), node('n2', 'z2', '4')];
  const zonesOf = (endpoints: readonly Endpoint[], nodes: readonly Node[] = zones): unknown => {
    const { groups, disabled } = hintEndpoints(auto, [group(...endpoints)], () => nodes);
    return disabled ?? groups.flatMap((each) => each.endpoints.map(({ hints }) => hints?.forZones?.[0]?.name));
  };

  it.each([
    { name: 'each in its own zone', endpoints: [endpoint('a', 'z1'), endpoint('b', 'z2')], expected: ['z1', 'z2'] },
    {
      name: 'a zone with too many gives to the other',
      endpoints: ['a', 'b', 'c', 'd'].map((each) => endpoint(each, 'z1')),
      expected: ['z2', 'z2', 'z1', 'z1'],
    },
    {
      name: 'those that are not ready have none',
      endpoints: [endpoint('a', 'z1'), endpoint('b', 'z2'), endpoint('c', 'z1', false)],
      expected: ['z1', 'z2', undefined],
    },
    { name: 'too few', endpoints: [endpoint('a', 'z1')], expected: 'Insufficient number of endpoints (1 endpoints, 2 zones)' },
    { name: 'no zone', endpoints: [endpoint('a', 'z1'), endpoint('b')], expected: 'One or more endpoints do not have a zone specified' },
    {
      name: 'shares that cannot be had',
      endpoints: [endpoint('a', 'z1'), endpoint('b', 'z2')],
      nodes: [node('n1', 'z1', '10'), node('n2', 'z2', '1')],
      expected: 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)',
    },
    {
      name: 'one zone',
      endpoints: [endpoint('a', 'z1')],
      nodes: [
        node('n1', 'z1', '1'),
        node('n2', 'z2', '1', { ready: false }),
        node('n3', 'z3', '1', { labels: { 'node-role.kubernetes.io/control-plane': '' } }),
      ],
      expected: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
    },
  ])('$name', ({ endpoints, nodes, expected }) => {
    expect(zonesOf(endpoints, nodes)).toEqual(expected);
  });

  it('by the CPUs of the zones', () => {
    const endpoints = Array.from({ length: 8 }, (_, i) => endpoint(`e${i}`, i % 2 === 0 ? 'z1' : 'z2'));
    const hinted = zonesOf(endpoints, [node('n1', 'z1', '6'), node('n2', 'z2', '2')]) as string[];
    expect(hinted.filter((zone) => zone === 'z1').length).toBe(6);
  });

  it('is told of when it begins, and when it ends', () => {
    const hinted = { groups: [group(endpoint('a', 'z1'))], disabled: undefined };
    expect(hintEvent(false, hinted)).toMatchObject({
      reason: 'TopologyAwareHintsEnabled',
      message: 'Topology Aware Hints has been enabled, addressType: IPv4',
    });
    expect(hintEvent(true, hinted)).toBeUndefined();
    expect(hintEvent(true, { ...hinted, disabled: 'x' })).toMatchObject({ type: 'Warning', message: 'x, addressType: IPv4' });
    expect(hintEvent(false, { ...hinted, disabled: 'x' })).toBeUndefined();
  });
});
