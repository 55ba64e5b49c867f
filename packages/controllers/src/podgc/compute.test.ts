import type { Node } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, pod, type PodFacts } from '../../test/objects.ts';
import { computePodCollection, surplusTerminated } from './compute.ts';

const node = (outOfService: boolean, ready: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1' },
  spec: outOfService ? { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } : {},
  status: { conditions: [{ type: 'Ready', status: ready }] },
});
const going: PodFacts = { metadata: { deletionTimestamp: at(0) } };

describe('computePodCollection', () => {
  it.each<{ name: string; facts: PodFacts; on: Node | 'gone' | undefined; expected: object }>([
    { name: 'on its node', facts: { node: 'n1' }, on: node(false, 'True'), expected: { type: 'keep' } },
    { name: 'not scheduled yet', facts: {}, on: undefined, expected: { type: 'keep' } },
    { name: 'going without ever having had a node', facts: going, on: undefined, expected: { type: 'remove', disruption: undefined } },
    { name: 'going on its node', facts: going, on: node(false, 'False'), expected: { type: 'keep' } },
    { name: 'going on a node out of service', facts: going, on: node(true, 'Unknown'), expected: { type: 'remove', disruption: { failed: true } } },
    { name: 'going on a node out of service that is ready', facts: going, on: node(true, 'True'), expected: { type: 'keep' } },
    {
      name: 'its node is gone',
      facts: {},
      on: 'gone',
      expected: { type: 'quarantine', disruption: { failed: true, gracePeriodSeconds: 0, reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' } },
    },
    { name: 'ended, and its node is gone', facts: { phase: 'Succeeded' }, on: 'gone', expected: { type: 'quarantine', disruption: { failed: false } } },
  ])('$name', ({ facts, on, expected }) => {
    expect(computePodCollection({ pod: pod('a', facts), node: on })).toMatchObject(expected);
  });
});

it.each([
  { threshold: 2, expected: ['b', 'a'] },
  { threshold: 4, expected: [] },
  { threshold: 0, expected: [] },
])('beyond $threshold ended Pods: $expected', ({ threshold, expected }) => {
  const ended = [
    ['a', 5],
    ['b', 1],
    ['c', 9],
    ['d', 7],
  ] as const;
  const pods = ended.map(([name, seconds]) => pod(name, { phase: 'Succeeded', metadata: { creationTimestamp: at(seconds) } }));
  expect(surplusTerminated(pods, threshold).map(({ metadata }) => metadata.name)).toEqual(expected);
});
