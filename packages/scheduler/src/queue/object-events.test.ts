import type { Node, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { nodeActions, podActions } from './object-events.ts';

const node = makeNode('a', { labels: { x: 'y' } });
const ready = (status: string, heartbeat: string): Node => ({
  ...node,
  status: { ...node.status, conditions: [{ type: 'Ready', status, lastHeartbeatTime: heartbeat }] },
});

describe('nodeActions', () => {
  it.each([
    { name: 'nothing', old: node, now: node, actions: [] },
    { name: 'an equal node of other identity', old: node, now: structuredClone(node), actions: [] },
    { name: 'a heartbeat', old: ready('True', '1'), now: ready('True', '2'), actions: [] },
    { name: 'a condition', old: ready('True', '1'), now: ready('False', '2'), actions: ['UpdateNodeCondition'] },
    { name: 'allocatable', old: node, now: makeNode('a', { labels: { x: 'y' }, cpu: '8' }), actions: ['UpdateNodeAllocatable'] },
    { name: 'labels', old: node, now: makeNode('a'), actions: ['UpdateNodeLabel'] },
    { name: 'a taint', old: node, now: makeNode('a', { labels: { x: 'y' }, taints: [{ key: 't', effect: 'NoSchedule' }] }), actions: ['UpdateNodeTaint'] },
    { name: 'cordon', old: node, now: makeNode('a', { labels: { x: 'y' }, unschedulable: true }), actions: ['UpdateNodeTaint'] },
    { name: 'an annotation', old: node, now: { ...node, metadata: { ...node.metadata, annotations: { a: 'b' } } }, actions: ['UpdateNodeAnnotation'] },
  ])('$name', ({ old, now, actions }) => expect(nodeActions(old, now)).toEqual(actions));
});

describe('podActions', () => {
  const pod = makePod('p', { requests: { cpu: '1' }, labels: { x: 'y' } });
  const gated = makePod('p', { requests: { cpu: '1' }, labels: { x: 'y' }, spec: { schedulingGates: [{ name: 'g' }] } });
  it.each([
    { name: 'nothing', old: pod, now: structuredClone(pod), actions: [] },
    { name: 'the status', old: pod, now: { ...pod, status: { phase: 'Running' } } satisfies Pod, actions: [] },
    { name: 'labels', old: pod, now: makePod('p', { requests: { cpu: '1' } }), actions: ['UpdatePodLabel'] },
    { name: 'less cpu', old: pod, now: makePod('p', { requests: { cpu: '500m' }, labels: { x: 'y' } }), actions: ['UpdatePodScaleDown'] },
    {
      name: 'less cpu and more GPUs',
      old: pod,
      now: makePod('p', { requests: { 'x.io/gpu': '1' }, labels: { x: 'y' } }),
      actions: ['UpdatePodScaleDown', 'UpdatePodScaleUp'],
    },
    { name: 'the last gate', old: gated, now: pod, actions: ['UpdatePodSchedulingGatesEliminated'] },
    {
      name: 'a toleration',
      old: pod,
      now: makePod('p', { requests: { cpu: '1' }, labels: { x: 'y' }, spec: { tolerations: [{ operator: 'Exists' }] } }),
      actions: ['UpdatePodToleration'],
    },
    { name: 'an annotation', old: pod, now: { ...pod, metadata: { ...pod.metadata, annotations: { a: 'b' } } }, actions: ['Update'] },
    { name: 'the deletion', old: pod, now: { ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'now' } }, actions: ['Update'] },
  ])('$name', ({ old, now, actions }) => expect(podActions(old, now)).toEqual(actions));
});
