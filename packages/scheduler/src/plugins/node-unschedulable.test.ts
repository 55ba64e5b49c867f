import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';

const cordoned = makeNode('cordoned', { unschedulable: true });
const open = makeNode('open');
const plain = makePod('p');
const tolerant = makePod('q', { spec: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] } });

describePluginConformance('NodeUnschedulable', nodeUnschedulable);

describe('NodeUnschedulable', () => {
  it('keeps Pods off cordoned nodes', () => {
    const asked = askPlugin(nodeUnschedulable(), plain, { nodes: [cordoned, open] });
    expect(asked.feasible).toEqual(['open']);
    expect(asked.verdictOf('cordoned')).toEqual({ code: 'UnschedulableAndUnresolvable', reasons: ['node(s) were unschedulable'] });
  });

  it('lets Pods in that tolerate the taint of cordoned nodes', () => {
    expect(askPlugin(nodeUnschedulable(), tolerant, { nodes: [cordoned, open] }).feasible).toEqual(['cordoned', 'open']);
  });

  it.each([
    { name: 'a node that can be used was added', event: { resource: 'Node', action: 'Add', object: open }, hint: 'Queue' },
    { name: 'a cordoned node was added', event: { resource: 'Node', action: 'Add', object: cordoned }, hint: 'QueueSkip' },
    { name: 'a node was uncordoned', event: { resource: 'Node', action: 'UpdateNodeTaint', old: cordoned, object: open }, hint: 'Queue' },
    {
      name: 'a node that could be used all the while changed',
      event: { resource: 'Node', action: 'UpdateNodeTaint', old: open, object: open },
      hint: 'QueueSkip',
    },
    { name: 'the Pod tolerates it now', event: { resource: 'TargetPod', action: 'UpdatePodToleration', old: plain, object: tolerant }, hint: 'Queue' },
    {
      name: 'the Pod tolerates something else now',
      event: { resource: 'TargetPod', action: 'UpdatePodToleration', old: plain, object: plain },
      hint: 'QueueSkip',
    },
  ] satisfies readonly { name: string; event: ClusterEvent; hint: string }[])('hint: $name', ({ event, hint }) => {
    const registrations = nodeUnschedulable().eventsToRegister?.() ?? [];
    expect(registrations.filter(({ resource }) => resource === event.resource).map((registration) => registration.hint?.(plain, event))).toEqual([hint]);
  });
});
