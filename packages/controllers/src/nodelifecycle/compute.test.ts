import type { Lease, Node, NodeCondition, NodeSpec, Taint } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, pod, START_MS } from '../../test/objects.ts';
import { computeNodeLifecycle, type NodeLifecyclePlan } from './compute.ts';
import type { NodeObservation } from './health.ts';
import { computeTaints } from './taints.ts';

const ready = (status: string, heartbeat = 0, more: Partial<NodeCondition> = {}): NodeCondition => ({
  type: 'Ready',
  status,
  lastHeartbeatTime: at(heartbeat),
  lastTransitionTime: at(0),
  ...more,
});
const node = (conditions: readonly NodeCondition[], spec: Partial<NodeSpec> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', creationTimestamp: at(0) },
  spec,
  status: { conditions },
});
const lease = (seconds: number): Lease => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n1' }, spec: { renewTime: at(seconds) } });
const taint = (key: string, effect: string, seconds?: number): Taint => ({
  key: `node.kubernetes.io/${key}`,
  effect: effect as Taint['effect'],
  ...(seconds === undefined ? {} : { timeAdded: at(seconds) }),
});

interface Look {
  readonly seconds: number;
  readonly object: Node;
  readonly renewed?: number;
  readonly previous?: NodeObservation;
}
const look = ({ seconds, object, renewed, previous }: Look): NodeLifecyclePlan =>
  computeNodeLifecycle({
    nowMs: START_MS + seconds * 1000,
    monotonicMs: seconds * 1000,
    node: object,
    lease: renewed === undefined ? undefined : lease(renewed),
    previous,
    pods: () => [pod('a', { readyAt: 0 }), pod('b')],
  });

describe('signs of life', () => {
  const healthy = node([ready('True')]);
  const first = look({ seconds: 100, object: healthy, renewed: 0 });

  it('the first look counts as one', () => {
    expect(first).toMatchObject({ conditions: undefined, taints: undefined, notReady: [], events: [], recheckMs: 50_000 });
  });

  it.each([
    { name: 'a renewed lease', object: healthy, renewed: 110, recheckMs: 50_000 },
    { name: 'a report', object: node([ready('True', 110)]), renewed: 0, recheckMs: 50_000 },
    { name: 'nothing', object: healthy, renewed: 0, recheckMs: 30_000 },
    { name: 'a lease that is gone', object: healthy, renewed: undefined, recheckMs: 30_000 },
    { name: 'labels', object: { ...healthy, metadata: { ...healthy.metadata, labels: { a: 'b' } } }, renewed: 0, recheckMs: 30_000 },
  ])('20 s later: $name', ({ object, renewed, recheckMs }) => {
    const next = look({ seconds: 120, object, previous: first.observation, ...(renewed === undefined ? {} : { renewed }) });
    expect(next.recheckMs).toBe(recheckMs);
  });

  it('after the grace period nothing is known any more', () => {
    const silent = look({ seconds: 150, object: node([ready('True'), { type: 'Custom', status: 'True' }]), renewed: 0, previous: first.observation });
    expect(silent.recheckMs).toBeUndefined();
    expect(silent.conditions?.map(({ type, status, reason, message, lastTransitionTime }) => [type, status, reason, message, lastTransitionTime])).toEqual([
      ['Ready', 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.', at(150)],
      ['Custom', 'True', undefined, undefined, undefined],
      ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.', at(150)],
      ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.', at(150)],
      ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.', at(150)],
    ]);
    expect(silent.taints).toEqual([taint('unreachable', 'NoSchedule', 150), taint('unreachable', 'NoExecute', 150)]);
    expect(silent.notReady.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(silent.events).toEqual([{ type: 'Normal', reason: 'NodeNotReady', message: 'Node n1 status is now: NodeNotReady' }]);
  });

  it('its own conditions are no sign of life, and are written once', () => {
    const silent = look({ seconds: 150, object: healthy, renewed: 0, previous: first.observation });
    const marked = node(silent.conditions ?? [], { taints: silent.taints ?? [] });
    const again = look({ seconds: 200, object: marked, renewed: 0, previous: silent.observation });
    expect(again).toMatchObject({ conditions: undefined, taints: undefined, events: [], recheckMs: undefined });
    const back = look({ seconds: 210, object: { ...marked, status: { conditions: [ready('True', 210)] } }, renewed: 210, previous: again.observation });
    expect(back).toMatchObject({ conditions: undefined, taints: [], notReady: [], recheckMs: 50_000 });
  });

  it('a node that never reported gets more time', () => {
    const born = look({ seconds: 0, object: node([]) });
    expect(born).toMatchObject({ recheckMs: 60_000, taints: undefined });
    expect(look({ seconds: 60, object: node([]), previous: born.observation }).conditions).toHaveLength(4);
  });

  it('a node that says that it is not ready is believed, and its Pods are marked once', () => {
    const sick = look({ seconds: 110, object: node([ready('False', 110)]), renewed: 110, previous: first.observation });
    expect(sick.notReady).toHaveLength(1);
    expect(sick.taints).toEqual([taint('not-ready', 'NoSchedule', 110), taint('not-ready', 'NoExecute', 110)]);
    expect(look({ seconds: 120, object: node([ready('False', 120)]), renewed: 120, previous: sick.observation }).notReady).toEqual([]);
  });
});

describe('computeTaints', () => {
  it.each<{ name: string; conditions: NodeCondition[]; spec?: Partial<NodeSpec>; expected: readonly Taint[] | undefined }>([
    { name: 'healthy', conditions: [ready('True')], expected: undefined },
    { name: 'no conditions yet', conditions: [], expected: undefined },
    {
      name: 'pressure',
      conditions: [ready('True'), { type: 'DiskPressure', status: 'True' }, { type: 'PIDPressure', status: 'Unknown' }],
      expected: [taint('disk-pressure', 'NoSchedule', 5)],
    },
    { name: 'no network', conditions: [{ type: 'NetworkUnavailable', status: 'True' }], expected: [taint('network-unavailable', 'NoSchedule', 5)] },
    { name: 'cordoned', conditions: [ready('True')], spec: { unschedulable: true }, expected: [taint('unschedulable', 'NoSchedule', 5)] },
    { name: 'uncordoned', conditions: [ready('True')], spec: { taints: [taint('unschedulable', 'NoSchedule', 1)] }, expected: [] },
    {
      name: 'times stay',
      conditions: [ready('False')],
      spec: { taints: [taint('not-ready', 'NoExecute', 1)] },
      expected: [taint('not-ready', 'NoExecute', 1), taint('not-ready', 'NoSchedule', 5)],
    },
    {
      name: 'not ready becomes unreachable',
      conditions: [ready('Unknown')],
      spec: { taints: [taint('not-ready', 'NoExecute', 1)] },
      expected: [taint('unreachable', 'NoSchedule', 5), taint('unreachable', 'NoExecute', 5)],
    },
    {
      name: 'those of others stay',
      conditions: [ready('True')],
      spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }, taint('disk-pressure', 'NoExecute', 1), taint('not-ready', 'NoSchedule', 1)] },
      expected: [{ key: 'gpu', effect: 'NoSchedule' }, taint('disk-pressure', 'NoExecute', 1)],
    },
  ])('$name', ({ conditions, spec = {}, expected }) => {
    expect(computeTaints(node(conditions, spec), conditions, { nowMs: START_MS + 5000 })).toEqual(expected);
  });
});
