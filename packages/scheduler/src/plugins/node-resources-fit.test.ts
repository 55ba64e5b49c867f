import type { Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod, requesting } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { SchedulerConfigError } from '../errors.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { nodeResourcesFit, type NodeResourcesFitArgs } from './node-resources-fit.ts';

describePluginConformance('NodeResourcesFit', nodeResourcesFit);
describePluginConformance('NodeResourcesFit with GPUs', () =>
  nodeResourcesFit({ scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'example.com/gpu', weight: 3 }, { name: 'cpu' }] } }),
);

const GPU = 'example.com/gpu';
/** The node of kubernetes v1.36 pkg/scheduler/framework/plugins/noderesources/fit_test.go. */
const small = makeNode('a', { cpu: '10m', memory: '20', extended: { [GPU]: '5' } });
const existing = (cpu: string, memory: string, gpu = '0'): Pod => makePod('existing', { node: 'a', requests: { cpu, memory, [GPU]: gpu } });
const wanting = (cpu: string, memory: string, extended: Readonly<Record<string, string>> = {}): Pod => makePod('p', { requests: { cpu, memory, ...extended } });

interface Row {
  readonly name: string;
  readonly pod: Pod;
  readonly pods?: readonly Pod[];
  readonly node?: Node;
  readonly args?: NodeResourcesFitArgs;
  /** What is missing; unset: it fits. */
  readonly reasons?: readonly string[];
  readonly hopeless?: true;
}

const rows: readonly Row[] = [
  { name: 'nothing requested fits on a full node', pod: makePod('p'), pods: [existing('10m', '20')] },
  { name: 'too much of both', pod: wanting('1m', '1'), pods: [existing('10m', '20')], reasons: ['Insufficient cpu', 'Insufficient memory'] },
  { name: 'too much cpu', pod: wanting('3m', '1'), pods: [existing('8m', '19')], reasons: ['Insufficient cpu'] },
  { name: 'too much memory', pod: wanting('1m', '2'), pods: [existing('8m', '19')], reasons: ['Insufficient memory'] },
  { name: 'exactly what is left', pod: wanting('2m', '1'), pods: [existing('8m', '19')] },
  {
    name: 'too much in an init container',
    pod: makePod('p', { containers: [requesting({ cpu: '1m', memory: '1' })], initContainers: [requesting({ cpu: '3m', memory: '1' })] }),
    pods: [existing('8m', '19')],
    reasons: ['Insufficient cpu'],
  },
  { name: 'init containers run one after the other', pod: makePod('p', { initContainers: [requesting({ [GPU]: '3' }), requesting({ [GPU]: '3' })] }) },
  {
    name: 'containers run together',
    pod: makePod('p', { containers: [requesting({ [GPU]: '3' }), requesting({ [GPU]: '3' })] }),
    reasons: [`Insufficient ${GPU}`],
    hopeless: true,
  },
  { name: 'extended resources that are used', pod: wanting('0', '0', { [GPU]: '3' }), pods: [existing('0', '0', '3')], reasons: [`Insufficient ${GPU}`] },
  { name: 'extended resources that are left', pod: wanting('0', '0', { [GPU]: '2' }), pods: [existing('0', '0', '3')] },
  {
    name: 'an extended resource that the node does not have',
    pod: wanting('0', '0', { 'example.com/other': '1' }),
    reasons: ['Insufficient example.com/other'],
    hopeless: true,
  },
  { name: 'a resource that is ignored', pod: wanting('0', '0', { 'example.com/other': '1' }), args: { ignoredResources: ['example.com/other'] } },
  { name: 'a group that is ignored', pod: wanting('0', '0', { 'example.com/other': '1' }), args: { ignoredResourceGroups: ['example.com'] } },
  {
    name: 'another group that is ignored',
    pod: wanting('0', '0', { 'example.com/other': '1' }),
    args: { ignoredResourceGroups: ['example.org'] },
    reasons: ['Insufficient example.com/other'],
    hopeless: true,
  },
  { name: 'overhead counts', pod: makePod('p', { requests: { cpu: '5m' }, spec: { overhead: { cpu: '6m' } } }), reasons: ['Insufficient cpu'], hopeless: true },
  { name: 'more than the node has is hopeless', pod: wanting('11m', '1'), reasons: ['Insufficient cpu'], hopeless: true },
  {
    name: 'ephemeral storage',
    pod: wanting('1m', '1', { 'ephemeral-storage': '2' }),
    node: makeNode('a', { extended: { 'ephemeral-storage': '1' } }),
    reasons: ['Insufficient ephemeral-storage'],
    hopeless: true,
  },
  {
    name: 'too many Pods, whatever they request',
    pod: makePod('p'),
    pods: [existing('0', '0')],
    node: makeNode('a', { pods: '1' }),
    reasons: ['Too many pods'],
  },
  {
    name: 'Pods and cpu',
    pod: wanting('1m', '0'),
    pods: [existing('10m', '0')],
    node: makeNode('a', { cpu: '10m', pods: '1' }),
    reasons: ['Too many pods', 'Insufficient cpu'],
  },
];

describe('NodeResourcesFit: filter', () => {
  it.each(rows)('$name', ({ pod, pods = [], node = small, args, reasons, hopeless }) => {
    const asked = askPlugin(nodeResourcesFit(args), pod, { nodes: [node], pods });
    if (reasons === undefined) expect(asked.feasible).toEqual(['a']);
    else expect(asked.verdictOf('a')).toMatchObject({ code: hopeless === true ? 'UnschedulableAndUnresolvable' : 'Unschedulable', reasons });
  });

  it('tells the numbers when it explains', () => {
    const asked = askPlugin(nodeResourcesFit(), wanting('3m', '1'), { nodes: [small], pods: [existing('8m', '19')] });
    expect(asked.verdictOf('a')?.details).toEqual({ insufficient: [{ resource: 'cpu', requested: 3, used: 8, capacity: 10 }] });
  });
});

describe('NodeResourcesFit: LeastAllocated', () => {
  const machine = (name: string, cpu: string, memory: string, gpu = '0') => makeNode(name, { cpu, memory, extended: { [GPU]: gpu } });

  it.each([
    { name: 'what is left of each resource', pod: wanting('3', '5000'), nodes: [machine('a', '4', '10000'), machine('b', '6', '10000')], scores: [37, 50] },
    {
      name: 'weighted',
      pod: wanting('3', '5000'),
      nodes: [machine('a', '4', '10000'), machine('b', '6', '10000')],
      weights: { memory: 2, cpu: 1 },
      scores: [41, 50],
    },
    { name: 'Pods without requests count 100m and 200Mi', pod: makePod('p'), nodes: [machine('a', '400m', '400Mi')], scores: [62] },
    {
      name: 'an extended resource that is not requested is left out',
      pod: wanting('1', '1Mi'),
      nodes: [machine('a', '4', '4Mi', '8')],
      weights: { [GPU]: 5, cpu: 1 },
      scores: [75],
    },
    {
      name: 'an extended resource that is requested counts',
      pod: wanting('1', '1Mi', { [GPU]: '4' }),
      nodes: [machine('a', '4', '4Mi', '8')],
      weights: { [GPU]: 3, cpu: 1 },
      scores: [56],
    },
    { name: 'a resource that the node does not have is left out', pod: wanting('0', '1Mi'), nodes: [machine('a', '0', '4Mi')], scores: [75] },
  ] satisfies readonly { name: string; pod: Pod; nodes: readonly Node[]; weights?: Record<string, number>; scores: readonly number[] }[])(
    '$name',
    ({ pod, nodes, weights, scores }) => {
      const resources = Object.entries(weights ?? {}).map(([name, weight]) => ({ name, weight }));
      const asked = askPlugin(nodeResourcesFit({ scoringStrategy: { type: 'LeastAllocated', resources } }), pod, { nodes });
      expect(Object.values(asked.raw)).toEqual(scores);
    },
  );

  it('counts the Pods that are there, with the same defaults', () => {
    const asked = askPlugin(nodeResourcesFit(), makePod('p'), {
      nodes: [machine('a', '1', '1000Mi')],
      pods: [makePod('q', { node: 'a' }), makePod('r', { node: 'a' })],
    });
    expect(asked.raw).toEqual({ a: Math.floor((70 + 40) / 2) });
  });

  it.each([
    { name: 'a weight out of range', resources: [{ name: 'cpu', weight: 0 }], field: 'scoringStrategy.resources[0].weight' },
    { name: 'no name', resources: [{ name: 'cpu' }, { name: '' }], field: 'scoringStrategy.resources[1].name' },
  ])('refuses $name', ({ resources, field }) => {
    expect(() => nodeResourcesFit({ scoringStrategy: { type: 'LeastAllocated', resources } })).toThrow(
      expect.objectContaining({ name: SchedulerConfigError.name, field }) as Error,
    );
  });
});

describe('NodeResourcesFit: hints', () => {
  const pod = wanting('2', '1Mi');
  const running = (cpu: string, memory = '1Mi') => makePod('q', { node: 'a', requests: { cpu, memory } });
  it.each([
    { name: 'a Pod on a node went', event: { resource: 'AssignedPod', action: 'Delete', old: running('1m') }, hint: 'Queue' },
    {
      name: 'a Pod gave up some cpu',
      event: { resource: 'AssignedPod', action: 'UpdatePodScaleDown', old: running('2'), object: running('1') },
      hint: 'Queue',
    },
    {
      name: 'a Pod gave up what is not wanted',
      event: { resource: 'AssignedPod', action: 'UpdatePodScaleDown', old: makePod('q', { node: 'a', requests: { [GPU]: '1' } }), object: running('0', '0') },
      hint: 'QueueSkip',
    },
    { name: 'a node that is large enough was added', event: { resource: 'Node', action: 'Add', object: makeNode('b') }, hint: 'Queue' },
    { name: 'a node that is too small was added', event: { resource: 'Node', action: 'Add', object: makeNode('b', { cpu: '1' }) }, hint: 'QueueSkip' },
    {
      name: 'a node got more cpu',
      event: { resource: 'Node', action: 'UpdateNodeAllocatable', old: makeNode('b', { cpu: '1' }), object: makeNode('b') },
      hint: 'Queue',
    },
    {
      name: 'a node got more Pods',
      event: { resource: 'Node', action: 'UpdateNodeAllocatable', old: makeNode('b', { pods: '1' }), object: makeNode('b') },
      hint: 'Queue',
    },
    {
      name: 'a node got something else',
      event: { resource: 'Node', action: 'UpdateNodeAllocatable', old: makeNode('b'), object: makeNode('b', { extended: { [GPU]: '1' } }) },
      hint: 'QueueSkip',
    },
    { name: 'the Pod itself wants less', event: { resource: 'TargetPod', action: 'UpdatePodScaleDown', old: pod, object: wanting('1', '1Mi') }, hint: 'Queue' },
  ] satisfies readonly { name: string; event: ClusterEvent; hint: string }[])('$name', ({ event, hint }) => {
    const registrations = nodeResourcesFit().eventsToRegister?.() ?? [];
    expect(registrations.filter(({ resource }) => resource === event.resource).map((registration) => registration.hint?.(pod, event))).toEqual([hint]);
  });
});
