import { deepFreeze } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { explain } from './explain.ts';

const taint = { key: 'gpu', value: 'true', effect: 'NoSchedule' } as const;

describe('the explanation of a Pod that fits', () => {
  it('has all verdicts and scores of every feasible node, also of the only one', () => {
    const { chosen, nodes } = explain({
      pod: makePod('web', { requests: { cpu: '1', memory: '8Gi' } }),
      nodes: [makeNode('a'), makeNode('b', { cpu: '500m' })],
    });
    expect(chosen).toBe('a');
    expect(nodes['a']).toMatchObject({
      feasible: true,
      filters: { NodeResourcesFit: { code: 'Success', reasons: [] } },
      scores: { NodeResourcesFit: { raw: 75, normalized: 75, weighted: 75 }, TaintToleration: { raw: 0, normalized: 100, weighted: 300 } },
    });
    expect(nodes['a']?.total).toBe(Object.values(nodes['a']?.scores ?? {}).reduce((sum, { weighted }) => sum + weighted, 0));
    expect(nodes['b']).toMatchObject({
      feasible: false,
      filters: { NodeResourcesFit: { code: 'UnschedulableAndUnresolvable', reasons: ['Insufficient cpu'] } },
      scores: {},
      total: 0,
    });
  });

  it('says nothing of changes', () => {
    const explanation = explain({ pod: makePod('web'), nodes: [makeNode('a')] });
    expect(Object.keys(explanation).sort()).toEqual(['chosen', 'nodes']);
  });

  it('counts a verdict of PreFilter among the filters', () => {
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['a'] }] }],
        },
      },
    };
    const { nodes } = explain({ pod: makePod('web', { spec: { affinity } }), nodes: [makeNode('a'), makeNode('b')] });
    expect(nodes['a']?.filters['NodeAffinity']).toEqual({ code: 'Success', reasons: [] });
    expect(nodes['b']?.filters['NodeAffinity']).toEqual({ code: 'UnschedulableAndUnresolvable', reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"] });
  });

  it('is the same every time, and leaves its input alone', () => {
    const input = deepFreeze({ pod: makePod('web'), nodes: ['a', 'b', 'c', 'd'].map((name) => makeNode(name)), pods: [makePod('other', { node: 'a' })] });
    expect(explain(input)).toEqual(explain(input));
  });

  it('does not count the Pod itself', () => {
    const pod = makePod('web', { requests: { cpu: '3' } });
    expect(explain({ pod, nodes: [makeNode('a')], pods: [{ ...pod, spec: { ...pod.spec, nodeName: 'a' } }] }).chosen).toBe('a');
  });

  it('goes by the profile', () => {
    const pod = makePod('web', { requests: { cpu: '1', memory: '1Gi' } });
    const nodes = [makeNode('empty'), makeNode('used')];
    const pods = [makePod('other', { node: 'used', requests: { cpu: '2', memory: '16Gi' } })];
    expect(explain({ pod, nodes, pods }).chosen).toBe('empty');
    const profile = {
      plugins: { multiPoint: { disabled: [{ name: 'NodeResourcesBalancedAllocation' }] } },
      pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated' } } }],
    };
    const packed = explain({ pod, nodes, pods, profile });
    expect(packed.chosen).toBe('used');
    expect(packed.nodes['used']?.scores['NodeResourcesBalancedAllocation']).toBeUndefined();
  });

  it('names the path of a mistake in the profile', () => {
    const profile = { pluginConfig: [{ name: 'NodeResourcesFit', args: { foo: 1 } }] };
    expect(() => explain({ pod: makePod('web'), nodes: [], profile })).toThrow(expect.objectContaining({ field: 'profile.pluginConfig[0].args.foo' }) as Error);
  });
});

describe('manifests that no API server has seen', () => {
  it.each<{ name: string; pod: Pod; node: Node; fits: boolean }>([
    {
      name: 'a node says its capacity only',
      pod: makePod('web', { requests: { cpu: '1' } }),
      node: { ...makeNode('a'), status: { capacity: { cpu: '4', memory: '1Gi', pods: '10' } } },
      fits: true,
    },
    { name: 'a container has limits only', pod: makePod('web', { containers: [{ resources: { limits: { cpu: '5' } } }] }), node: makeNode('a'), fits: false },
    {
      name: 'a node is not ready for less than 5 minutes',
      pod: makePod('web'),
      node: makeNode('a', { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] }),
      fits: true,
    },
  ])('get their defaults: $name', ({ pod, node, fits }) => {
    expect(explain({ pod, nodes: [node] }).nodes['a']?.feasible).toBe(fits);
  });

  it('with hostNetwork take the host ports', () => {
    const pod = makePod('web', { containers: [{ ports: [{ containerPort: 80 }] }], spec: { hostNetwork: true } });
    const other = { ...pod, metadata: { name: 'other', namespace: 'default' }, spec: { ...pod.spec, nodeName: 'a' } };
    expect(explain({ pod, nodes: [makeNode('a')], pods: [other] }).nodes['a']?.filters['NodePorts']?.code).toBe('Unschedulable');
  });
});

describe('the smallest change', () => {
  const full = (name: string): Pod => makePod(`on-${name}`, { node: name, requests: { cpu: '3500m' } });
  const web = makePod('web', { requests: { cpu: '1' } });

  it('is what is missing on the most nodes, or a toleration', () => {
    const nodes = [makeNode('a'), makeNode('b'), makeNode('c'), makeNode('gpu', { taints: [taint] })];
    const { chosen, smallestChange, message } = explain({ pod: web, nodes, pods: ['a', 'b', 'c'].map(full) });
    expect(chosen).toBeUndefined();
    expect(message).toMatch(/^0\/4 nodes are available: 1 node\(s\) had untolerated taint\(s\), 3 Insufficient cpu\./);
    expect(smallestChange?.text).toBe('500m more cpu on 3 nodes, or tolerate gpu=true:NoSchedule');
    expect(smallestChange?.options[0]).toMatchObject({ changes: [{ type: 'resource', resource: 'cpu', amount: 500 }], nodes: ['a', 'b', 'c'] });
  });

  it.each<{ name: string; pod?: Pod; nodes: readonly Node[]; pods?: readonly Pod[]; text: string }>([
    { name: 'no nodes', nodes: [], text: 'add a node' },
    { name: 'a cordoned node', nodes: [makeNode('a', { unschedulable: true })], text: 'uncordon on a' },
    {
      name: 'two taints',
      nodes: [makeNode('a', { taints: [taint, { key: 'x', effect: 'NoExecute' }] })],
      text: 'tolerate gpu=true:NoSchedule and tolerate x:NoExecute',
    },
    {
      name: 'a taint and too little cpu, where another node needs one thing',
      nodes: [makeNode('a', { taints: [taint] }), makeNode('b', { cpu: '900m' })],
      pods: [full('a')],
      text: '100m more cpu on b',
    },
    {
      name: 'a label',
      pod: makePod('web', { spec: { nodeSelector: { disktype: 'ssd' } } }),
      nodes: [makeNode('a'), makeNode('b')],
      text: 'label disktype=ssd on 2 nodes',
    },
    { name: 'memory', pod: makePod('web', { requests: { memory: '3Gi' } }), nodes: [makeNode('a', { memory: '1Gi' })], text: '2Gi more memory on a' },
    { name: 'extended resources', pod: makePod('web', { requests: { 'nvidia.com/gpu': '2' } }), nodes: [makeNode('a')], text: '2 more nvidia.com/gpu on a' },
    { name: 'the number of Pods', nodes: [makeNode('a', { pods: '0' })], text: 'room for 1 more Pod on a' },
  ])('is $text: $name', ({ pod = web, nodes, pods = [], text }) => {
    expect(explain({ pod, nodes, pods }).smallestChange?.text).toBe(text);
  });

  it('of a Pod that is gated is for others: it is told apart', () => {
    const explanation = explain({ pod: makePod('web', { spec: { schedulingGates: [{ name: 'wait' }] } }), nodes: [makeNode('a')] });
    expect(explanation.chosen).toBeUndefined();
    expect(explanation.gatedBy).toMatchObject({ plugin: 'SchedulingGates' });
    expect(explanation.nodes['a']?.feasible).toBe(true);
  });
});
