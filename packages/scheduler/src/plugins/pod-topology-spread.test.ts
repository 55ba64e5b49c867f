import type { Node, Pod, Service, TopologySpreadConstraint } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { podTopologySpread, type PodTopologySpreadArgs } from './pod-topology-spread.ts';

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const WEB = { app: 'web' };

describePluginConformance('PodTopologySpread', podTopologySpread);
describePluginConformance('PodTopologySpread with a list of defaults', () =>
  podTopologySpread({ defaultingType: 'List', defaultConstraints: [{ topologyKey: HOST, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] }),
);

/** Nodes come zone by zone; the tests want them by name. */
const byName = (values: Readonly<Record<string, number | undefined>>): readonly (number | undefined)[] =>
  Object.keys(values)
    .sort()
    .map((name) => values[name]);
const host = (name: string, labels: Readonly<Record<string, string>> = {}): Node => makeNode(name, { labels: { [HOST]: name, ...labels } });
const zoned = (name: string, zone: string): Node => host(name, { [ZONE]: zone });
/** So many Pods with the label on each node. */
const placed = (counts: Readonly<Record<string, number>>, labels: Readonly<Record<string, string>> = WEB): Pod[] =>
  Object.entries(counts).flatMap(([node, count]) => Array.from({ length: count }, (_, index) => makePod(`${node}-${index}`, { node, labels })));
const must = (topologyKey: string, maxSkew: number, more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  topologyKey,
  maxSkew,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: WEB },
  ...more,
});
const may = (topologyKey: string, maxSkew: number): TopologySpreadConstraint => must(topologyKey, maxSkew, { whenUnsatisfiable: 'ScheduleAnyway' });
const spreading = (constraints: readonly TopologySpreadConstraint[], spec: Partial<Pod['spec']> = {}, labels: Readonly<Record<string, string>> = WEB): Pod =>
  makePod('p', { labels, spec: { topologySpreadConstraints: constraints, ...spec } });
const HOSTS = ['a', 'b', 'x', 'y'].map((name) => host(name));
const UNEVEN = placed({ a: 2, b: 1, y: 3 });
const ZONES = [zoned('a', 'z1'), zoned('b', 'z1'), zoned('x', 'z2')];
const zones = (first: number, second: number): Pod[] => placed({ a: first, x: second });

interface Row {
  readonly name: string;
  readonly pod: Pod;
  readonly nodes?: readonly Node[];
  readonly pods?: readonly Pod[];
  readonly feasible: readonly string[];
}

const rows: readonly Row[] = [
  { name: 'hosts 2/1/0/3, maxSkew 1', pod: spreading([must(HOST, 1)]), pods: UNEVEN, feasible: ['x'] },
  { name: 'hosts 2/1/0/3, maxSkew 2', pod: spreading([must(HOST, 2)]), pods: UNEVEN, feasible: ['b', 'x'] },
  { name: 'a Pod that does not count itself', pod: spreading([must(HOST, 1)], {}, {}), pods: UNEVEN, feasible: ['b', 'x'] },
  {
    name: 'nodes that the Pod cannot use do not count: 2/~/~/3',
    pod: spreading([must(HOST, 1)], { nodeSelector: { usable: 'yes' } }),
    nodes: [host('a', { usable: 'yes' }), host('b'), host('x'), host('y', { usable: 'yes' })],
    pods: UNEVEN,
    feasible: ['a', 'b', 'x'],
  },
  {
    name: 'nodes that the Pod cannot use count if the policy says so',
    pod: spreading([must(HOST, 1, { nodeAffinityPolicy: 'Ignore' })], { nodeSelector: { usable: 'yes' } }),
    nodes: [host('a', { usable: 'yes' }), host('b'), host('x'), host('y', { usable: 'yes' })],
    pods: UNEVEN,
    feasible: ['x'],
  },
  {
    name: 'tainted nodes count',
    pod: spreading([must(HOST, 1)]),
    nodes: [host('a'), { ...host('x'), spec: { taints: [{ key: 't', effect: 'NoSchedule' }] } }],
    pods: placed({ a: 1 }),
    feasible: ['x'],
  },
  {
    name: 'tainted nodes do not count if the policy honours taints',
    pod: spreading([must(HOST, 1, { nodeTaintsPolicy: 'Honor' })]),
    nodes: [host('a'), { ...host('x'), spec: { taints: [{ key: 't', effect: 'NoSchedule' }] } }],
    pods: placed({ a: 1 }),
    feasible: ['a', 'x'],
  },
  { name: 'zones 2/1, minDomains 3: the least is 0', pod: spreading([must(ZONE, 2, { minDomains: 3 })]), nodes: ZONES, pods: zones(2, 1), feasible: ['x'] },
  { name: 'zones 2/1, minDomains 2', pod: spreading([must(ZONE, 2, { minDomains: 2 })]), nodes: ZONES, pods: zones(2, 1), feasible: ['a', 'b', 'x'] },
  { name: 'a node without the key', pod: spreading([must(ZONE, 1)]), nodes: [...ZONES, host('q')], feasible: ['a', 'b', 'x'] },
  {
    name: 'other namespaces do not count',
    pod: spreading([must(HOST, 1)]),
    nodes: HOSTS,
    pods: UNEVEN.map((pod) => ({ ...pod, metadata: { ...pod.metadata, namespace: 'o' } })),
    feasible: ['a', 'b', 'x', 'y'],
  },
  {
    name: 'Pods that are being deleted do not count',
    pod: spreading([must(HOST, 1)]),
    pods: UNEVEN.map((pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })),
    feasible: ['a', 'b', 'x', 'y'],
  },
  {
    name: 'matchLabelKeys: only Pods of the same version count',
    pod: spreading([must(HOST, 1, { matchLabelKeys: ['version'] })], {}, { ...WEB, version: '2' }),
    pods: [...UNEVEN, ...placed({ x: 1 }, { ...WEB, version: '2' })],
    feasible: ['a', 'b', 'y'],
  },
  { name: 'two constraints must both hold', pod: spreading([must(HOST, 1), must(ZONE, 1)]), nodes: ZONES, pods: zones(1, 0), feasible: ['x'] },
  {
    name: 'without a selector nothing counts',
    pod: makePod('p', { spec: { topologySpreadConstraints: [{ topologyKey: HOST, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] } }),
    pods: UNEVEN,
    feasible: ['a', 'b', 'x', 'y'],
  },
];

describe('PodTopologySpread: filter', () => {
  it.each(rows)('$name', ({ pod, nodes = HOSTS, pods = [], feasible }) => {
    expect(askPlugin(podTopologySpread(), pod, { nodes, pods }).feasible.toSorted()).toEqual(feasible);
  });

  it('says why, and what preemption can change', () => {
    const asked = askPlugin(podTopologySpread(), spreading([must(ZONE, 1)]), { nodes: [...ZONES, host('q')], pods: zones(1, 0) });
    expect(asked.verdictOf('a')).toEqual({
      code: 'Unschedulable',
      reasons: ["node(s) didn't match pod topology spread constraints"],
      details: { topologyKey: ZONE, maxSkew: 1, count: 1, self: 1, least: 0, skew: 2 },
    });
    expect(asked.verdictOf('q')).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
    });
  });
});

describe('PodTopologySpread: score', () => {
  it.each([
    { name: 'hosts 2/1/0/3', constraints: [may(HOST, 1)], pods: UNEVEN, raw: [4, 2, 0, 5], normalized: [20, 60, 100, 0] },
    {
      name: 'hosts 4/3/2/1, maxSkew 3',
      constraints: [may(HOST, 3)],
      pods: placed({ a: 4, b: 3, x: 2, y: 1 }),
      raw: [9, 7, 6, 4],
      normalized: [44, 66, 77, 100],
    },
    {
      name: 'zones 6/4',
      constraints: [may(ZONE, 1)],
      nodes: [zoned('a', 'z1'), zoned('b', 'z1'), zoned('x', 'z2')],
      pods: placed({ a: 4, b: 2, x: 4 }),
      raw: [8, 8, 6],
      normalized: [75, 75, 100],
    },
    { name: 'no Pods at all', constraints: [may(HOST, 1)], pods: [], raw: [0, 0, 0, 0], normalized: [100, 100, 100, 100] },
    { name: 'a node without the key scores 0', constraints: [may(ZONE, 1)], nodes: [zoned('a', 'z1'), host('q')], pods: [], raw: [0, 0], normalized: [100, 0] },
  ] satisfies readonly {
    name: string;
    constraints: readonly TopologySpreadConstraint[];
    nodes?: readonly Node[];
    pods: readonly Pod[];
    raw: readonly number[];
    normalized: readonly number[];
  }[])('$name', ({ constraints, nodes = HOSTS, pods, raw, normalized }) => {
    const asked = askPlugin(podTopologySpread(), spreading(constraints), { nodes, pods });
    expect(byName(asked.raw)).toEqual(raw);
    expect(byName(asked.normalized)).toEqual(normalized);
  });
});

describe('PodTopologySpread: defaults', () => {
  const web: Service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { selector: WEB } };
  const [pod, nodes] = [makePod('p', { labels: WEB }), [zoned('a', 'z1'), zoned('b', 'z1'), zoned('x', 'z2'), host('y')]];

  it('a Pod that a Service selects is spread over nodes and zones, with or without zone labels', () => {
    const asked = askPlugin(podTopologySpread(), pod, { nodes, pods: placed({ a: 1 }), services: [web] });
    const zone = (count: number): number => count * Math.log(3 + 2) + 4;
    const node = (count: number): number => count * Math.log(4 + 2) + 2;
    expect(byName(asked.raw)).toEqual([node(1) + zone(1), node(0) + zone(1), node(0) + zone(0), node(0)].map(Math.round));
  });

  it('a Pod that nothing selects is not', () => {
    expect(Object.values(askPlugin(podTopologySpread(), pod, { nodes, pods: placed({ a: 1 }) }).raw)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('a controller selects its Pods', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true };
    const owned: Pod = { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } };
    const set = {
      apiVersion: 'apps/v1' as const,
      kind: 'ReplicaSet' as const,
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { matchLabels: WEB } },
    };
    const asked = askPlugin(podTopologySpread(), owned, { nodes, pods: placed({ a: 5 }), replicaSets: [set as never] });
    expect(asked.raw['x']).toBeLessThan(asked.raw['a'] as number);
  });

  it('a list of defaults may be hard', () => {
    const args: PodTopologySpreadArgs = { defaultingType: 'List', defaultConstraints: [{ topologyKey: HOST, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] };
    expect(askPlugin(podTopologySpread(args), pod, { nodes, pods: placed({ a: 1 }), services: [web] }).feasible.toSorted()).toEqual(['b', 'x', 'y']);
  });

  it.each([
    { name: 'a maxSkew of 0', args: { defaultingType: 'List', defaultConstraints: [must(HOST, 0)] } as const, path: 'defaultConstraints[0].maxSkew' },
    { name: 'constraints with System', args: { defaultConstraints: [must(HOST, 1)] }, path: 'defaultConstraints' },
    { name: 'a selector', args: { defaultingType: 'List', defaultConstraints: [must(HOST, 1)] } as const, path: 'defaultConstraints[0].labelSelector' },
  ])('$name is an error that names the field', ({ args, path }) => {
    expect(() => podTopologySpread(args)).toThrow(SchedulerConfigError);
    expect(() => podTopologySpread(args)).toThrow(path);
  });
});

describe('PodTopologySpread: hints', () => {
  const waiting = spreading([must(ZONE, 1)]);
  const other = (labels: Readonly<Record<string, string>>): Pod => makePod('o', { node: 'a', labels });
  const hint = (event: ClusterEvent) =>
    podTopologySpread()
      .eventsToRegister?.()
      .find(({ resource }) => resource === event.resource)
      ?.hint?.(waiting, event);
  it.each([
    { name: 'a Pod that counts comes', event: { resource: 'AssignedPod', action: 'Add', object: other(WEB) }, answer: 'Queue' },
    { name: 'a Pod that does not count comes', event: { resource: 'AssignedPod', action: 'Add', object: other({}) }, answer: 'QueueSkip' },
    { name: 'a Pod begins to count', event: { resource: 'AssignedPod', action: 'UpdatePodLabel', old: other({}), object: other(WEB) }, answer: 'Queue' },
    { name: 'a Pod that counts goes', event: { resource: 'AssignedPod', action: 'Delete', old: other(WEB) }, answer: 'Queue' },
    { name: 'a node with the key comes', event: { resource: 'Node', action: 'Add', object: zoned('a', 'z') }, answer: 'Queue' },
    { name: 'a node without the key comes', event: { resource: 'Node', action: 'Add', object: host('a') }, answer: 'QueueSkip' },
    { name: 'a node with the key goes', event: { resource: 'Node', action: 'Delete', old: zoned('a', 'z') }, answer: 'Queue' },
    { name: 'a node changes its zone', event: { resource: 'Node', action: 'UpdateNodeLabel', old: zoned('a', 'z'), object: zoned('a', 'y') }, answer: 'Queue' },
  ] satisfies readonly { name: string; event: ClusterEvent; answer: string }[])('$name: $answer', ({ event, answer }) => {
    expect(hint(event)).toBe(answer);
  });
});
