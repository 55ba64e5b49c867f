import type { Pod } from '@kybern/core/kinds';
import { expect, it } from 'vitest';
import { makeClaim, makeVolume } from '../test/objects.ts';
import { claimsOfPod, computeClaimProtection, computeVolumeProtection } from './protection.ts';

const pod = (nodeName?: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: {
    containers: [],
    volumes: [
      { name: 'a', persistentVolumeClaim: { claimName: 'c' } },
      { name: 'b', ephemeral: {} },
      { name: 'x', emptyDir: {} },
    ],
    ...(nodeName === undefined ? {} : { nodeName }),
  },
});
const GOING = { deletionTimestamp: '2026-01-01T00:00:00Z' };

it('a Pod uses the claims that it names and those of its ephemeral volumes', () => expect(claimsOfPod(pod())).toEqual(['c', 'p-b']));

it.each([
  { name: 'new', metadata: {}, pods: [], plan: 'add' },
  { name: 'protected', metadata: { finalizers: ['kubernetes.io/pvc-protection'] }, pods: [], plan: undefined },
  { name: 'going and unused', metadata: { ...GOING, finalizers: ['kubernetes.io/pvc-protection'] }, pods: [], plan: 'remove' },
  { name: 'going and used', metadata: { ...GOING, finalizers: ['kubernetes.io/pvc-protection'] }, pods: [pod('n')], plan: undefined },
  { name: 'going, named by a Pod without a node', metadata: { ...GOING, finalizers: ['kubernetes.io/pvc-protection'] }, pods: [pod()], plan: 'remove' },
  { name: 'going, held by somebody else', metadata: { ...GOING, finalizers: ['example.com/x'] }, pods: [], plan: undefined },
])('a claim that is $name', ({ metadata, pods, plan }) => {
  const claim = makeClaim('c');
  expect(computeClaimProtection({ ...claim, metadata: { ...claim.metadata, ...metadata } }, pods)).toBe(plan);
});

it.each([
  { name: 'new', metadata: {}, phase: 'Available', plan: 'add' },
  { name: 'going and free', metadata: { ...GOING, finalizers: ['kubernetes.io/pv-protection'] }, phase: 'Released', plan: 'remove' },
  { name: 'going and bound', metadata: { ...GOING, finalizers: ['kubernetes.io/pv-protection'] }, phase: 'Bound', plan: undefined },
] as const)('a volume that is $name', ({ metadata, phase, plan }) => {
  const volume = makeVolume('v', { phase });
  expect(computeVolumeProtection({ ...volume, metadata: { ...volume.metadata, ...metadata } })).toBe(plan);
});
