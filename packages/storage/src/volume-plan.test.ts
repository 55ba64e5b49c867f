import { expect, it } from 'vitest';
import { makeClaim, makeVolume, reserved } from '../test/objects.ts';
import { computeDeletion } from './provisioning/compute-deletion.ts';
import { computeVolume } from './volume-plan.ts';

const PROVISIONED = { 'pv.kubernetes.io/provisioned-by': 'example.com/disks' };
const OURS = { 'pv.kubernetes.io/bound-by-controller': 'yes' };
const claim = makeClaim('c', { spec: { volumeName: 'v' } });

it.each([
  { name: 'free', volume: makeVolume('v', { phase: 'Pending' }), claim: undefined, phase: 'Available' },
  { name: 'reserved by a person', volume: makeVolume('v', { phase: 'Pending', spec: { claimRef: reserved('c', '') } }), claim: undefined, phase: 'Available' },
  { name: 'bound', volume: makeVolume('v', { spec: { claimRef: reserved('c') } }), claim, phase: 'Bound' },
  { name: 'of a claim on its way', volume: makeVolume('v', { spec: { claimRef: reserved('c') } }), claim: makeClaim('c'), phase: undefined },
  { name: 'of a claim that is gone', volume: makeVolume('v', { phase: 'Bound', spec: { claimRef: reserved('c') } }), claim: undefined, phase: 'Released' },
  { name: 'of a claim that another replaced', volume: makeVolume('v', { phase: 'Bound', spec: { claimRef: reserved('c', 'old') } }), claim, phase: 'Released' },
  {
    name: 'provisioned, of a claim that is gone',
    volume: makeVolume('v', { phase: 'Bound', annotations: PROVISIONED, spec: { claimRef: reserved('c'), persistentVolumeReclaimPolicy: 'Delete' } }),
    claim: undefined,
    phase: 'Released',
  },
  {
    name: 'that nobody can delete',
    volume: makeVolume('v', { phase: 'Bound', spec: { claimRef: reserved('c'), persistentVolumeReclaimPolicy: 'Delete' } }),
    claim: undefined,
    phase: 'Failed',
  },
  {
    name: 'that nobody can recycle',
    volume: makeVolume('v', { phase: 'Bound', spec: { claimRef: reserved('c'), persistentVolumeReclaimPolicy: 'Recycle' } }),
    claim: undefined,
    phase: 'Failed',
  },
  {
    name: 'made for a claim that found another',
    volume: makeVolume('v', { phase: 'Bound', annotations: PROVISIONED, spec: { claimRef: reserved('c'), persistentVolumeReclaimPolicy: 'Delete' } }),
    claim: makeClaim('c', { spec: { volumeName: 'w' } }),
    phase: 'Released',
  },
])('a volume that is $name', ({ volume, claim: of, phase }) => {
  const plan = computeVolume({ volume, claim: of });
  expect(plan.phase).toBe(phase);
  if (phase !== undefined) expect(computeVolume({ volume: { ...volume, status: { phase: phase as never } }, claim: of })).toEqual({ events: [] });
});

it.each([
  { name: 'what the controller reserved is free', annotations: OURS, claimRef: undefined },
  { name: 'what a person reserved waits for the next claim of the name', annotations: {}, claimRef: { namespace: 'default', name: 'c' } },
])('a volume whose claim found another is given back: $name', ({ annotations, claimRef }) => {
  const volume = makeVolume('v', { phase: 'Bound', annotations, spec: { claimRef: reserved('c') } });
  const plan = computeVolume({ volume, claim: makeClaim('c', { spec: { volumeName: 'w' } }) });
  expect(plan.volume?.spec.claimRef).toEqual(claimRef);
  expect(plan.volume?.metadata.annotations).toEqual({});
  expect(plan.phase).toBe('Available');
});

it.each([
  { policy: 'Delete', phase: 'Released', deleting: false, by: 'example.com/disks', plan: 'delete' },
  { policy: 'Delete', phase: 'Failed', deleting: false, by: 'example.com/disks', plan: 'delete' },
  { policy: 'Delete', phase: 'Bound', deleting: false, by: 'example.com/disks', plan: 'none' },
  { policy: 'Delete', phase: 'Bound', deleting: true, by: 'example.com/disks', plan: 'none' },
  { policy: 'Delete', phase: 'Released', deleting: false, by: 'example.com/other', plan: 'none' },
  { policy: 'Retain', phase: 'Released', deleting: false, by: 'example.com/disks', plan: 'none' },
  { policy: 'Retain', phase: 'Released', deleting: true, by: 'example.com/disks', plan: 'letGo' },
] as const)('data of a volume that is $phase under $policy (being deleted: $deleting): $plan', ({ policy, phase, deleting, by, plan }) => {
  const volume = makeVolume('v', { phase, deleting, annotations: { 'pv.kubernetes.io/provisioned-by': by }, spec: { persistentVolumeReclaimPolicy: policy } });
  const kept = { ...volume, metadata: { ...volume.metadata, finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'] } };
  expect(computeDeletion(kept, 'example.com/disks')).toBe(plan);
});
