import type { Taint, Toleration } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { describePluginConformance } from '../conformance/index.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { taintToleration } from './taint-toleration.ts';

const user1: Taint = { key: 'dedicated', value: 'user1', effect: 'NoSchedule' };
const soft = (key: string): Taint => ({ key, effect: 'PreferNoSchedule' });
const tolerating = (...tolerations: readonly Toleration[]) => makePod('p', { spec: { tolerations } });

describePluginConformance('TaintToleration', taintToleration);

describe('TaintToleration', () => {
  it.each([
    { name: 'no toleration', pod: makePod('p'), taints: [user1], fits: false },
    { name: 'a toleration of another value', pod: tolerating({ key: 'dedicated', value: 'user2', effect: 'NoSchedule' }), taints: [user1], fits: false },
    { name: 'a toleration of another effect', pod: tolerating({ key: 'dedicated', value: 'user1', effect: 'PreferNoSchedule' }), taints: [user1], fits: false },
    { name: 'a toleration', pod: tolerating({ key: 'dedicated', value: 'user1', effect: 'NoSchedule' }), taints: [user1], fits: true },
    { name: 'a soft taint', pod: makePod('p'), taints: [soft('x')], fits: true },
    { name: 'NoExecute', pod: makePod('p'), taints: [{ key: 'x', effect: 'NoExecute' }], fits: false },
    {
      name: 'one of two taints tolerated',
      pod: tolerating({ key: 'dedicated', operator: 'Exists' }),
      taints: [user1, { key: 'x', effect: 'NoSchedule' }],
      fits: false,
    },
    { name: 'no taints', pod: makePod('p'), taints: [], fits: true },
  ] satisfies readonly { name: string; pod: unknown; taints: readonly Taint[]; fits: boolean }[])('filter: $name', ({ pod, taints, fits }) => {
    expect(askPlugin(taintToleration(), pod, { nodes: [makeNode('a', { taints })] }).feasible).toEqual(fits ? ['a'] : []);
  });

  it('names the taint when it explains', () => {
    const asked = askPlugin(taintToleration(), makePod('p'), { nodes: [makeNode('a', { taints: [soft('x'), user1] })] });
    expect(asked.verdictOf('a')).toEqual({
      code: 'UnschedulableAndUnresolvable',
      reasons: ['node(s) had untolerated taint(s)'],
      details: { taint: 'dedicated=user1:NoSchedule' },
    });
  });

  it.each([
    { name: '0, 1 and 2 soft taints', pod: makePod('p'), taints: [[], [soft('x')], [soft('x'), soft('y')]], scores: [100, 50, 0] },
    { name: 'no soft taints anywhere', pod: makePod('p'), taints: [[], []], scores: [100, 100] },
    { name: 'tolerated ones do not count', pod: tolerating({ key: 'x', operator: 'Exists' }), taints: [[soft('x')], [soft('y')]], scores: [100, 0] },
    {
      name: 'tolerations of other effects do not help',
      pod: tolerating({ key: 'x', operator: 'Exists', effect: 'NoSchedule' }),
      taints: [[soft('x')], []],
      scores: [0, 100],
    },
  ] satisfies readonly { name: string; pod: unknown; taints: readonly (readonly Taint[])[]; scores: readonly number[] }[])(
    'score: $name',
    ({ pod, taints, scores }) => {
      const nodes = taints.map((each, index) => makeNode(`n${index}`, { taints: each }));
      expect(Object.values(askPlugin(taintToleration(), pod, { nodes }).normalized)).toEqual(scores);
    },
  );

  it.each([
    { name: 'a node that is tolerated was added', event: { resource: 'Node', action: 'Add', object: makeNode('a') }, hint: 'Queue' },
    { name: 'a node that is not was added', event: { resource: 'Node', action: 'Add', object: makeNode('a', { taints: [user1] }) }, hint: 'QueueSkip' },
    {
      name: 'the taint went',
      event: { resource: 'Node', action: 'UpdateNodeTaint', old: makeNode('a', { taints: [user1] }), object: makeNode('a') },
      hint: 'Queue',
    },
    {
      name: 'a taint came',
      event: { resource: 'Node', action: 'UpdateNodeTaint', old: makeNode('a'), object: makeNode('a', { taints: [user1] }) },
      hint: 'QueueSkip',
    },
  ] satisfies readonly { name: string; event: ClusterEvent; hint: string }[])('hint: $name', ({ event, hint }) => {
    const registrations = taintToleration().eventsToRegister?.() ?? [];
    expect(registrations.filter(({ resource }) => resource === 'Node').map((registration) => registration.hint?.(makePod('p'), event))).toEqual([hint]);
  });
});
