import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeClaim, makeClass, makeVolume, reserved } from '../test/objects.ts';
import { computeClaim, type ClaimPlan } from './claim-plan.ts';
import { VolumeIndex } from './volume-index.ts';

const waiting = makeClass('slow', { volumeBindingMode: 'WaitForFirstConsumer' });
const byHand = makeClass('slow', { provisioner: 'kubernetes.io/no-provisioner' });
const standard = makeClass('standard', { metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } });
const BOUND = { 'pv.kubernetes.io/bind-completed': 'yes' };

function plan(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  more: { classes?: readonly StorageClass[]; pods?: readonly string[] } = {},
): ClaimPlan {
  const index = new VolumeIndex();
  for (const volume of volumes) index.set(volume);
  const classes = more.classes ?? [];
  return computeClaim({
    claim,
    volume: (name) => index.get(name),
    find: (asking, options) => index.find(asking, options),
    storageClass: (name) => classes.find(({ metadata }) => metadata.name === name),
    defaultClass: classes.find(({ metadata }) => metadata.annotations !== undefined),
    waitingPods: more.pods ?? [],
  });
}

describe('a claim', () => {
  it('is bound to a volume that fits: first the volume is reserved, then the claim points to it', () => {
    const { volume, claim, status, events } = plan(makeClaim('c'), [makeVolume('v')]);
    expect(volume?.spec.claimRef).toEqual({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default', name: 'c', uid: 'uid-c' });
    expect(volume?.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(claim?.spec.volumeName).toBe('v');
    expect(claim?.metadata.annotations).toEqual({ ...BOUND, 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(status).toEqual({ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '10Gi' } });
    expect(events).toEqual([]);
  });

  it('that is bound is left alone, its size included', () => {
    const claim = makeClaim('c', {
      annotations: BOUND,
      spec: { volumeName: 'v' },
      status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } },
    });
    expect(plan(claim, [makeVolume('v', { size: '20Gi', spec: { claimRef: reserved('c') } })])).toEqual({ events: [] });
  });

  it('takes a volume that a person reserved for it without making it the controller’s', () => {
    const { volume } = plan(makeClaim('c'), [makeVolume('v', { spec: { claimRef: reserved('c', '') } })]);
    expect(volume?.spec.claimRef?.uid).toBe('uid-c');
    expect(volume?.metadata.annotations).toBeUndefined();
  });

  it.each([
    {
      name: 'no class',
      claim: makeClaim('c', { storageClass: '' }),
      type: 'Normal',
      reason: 'FailedBinding',
      message: 'no persistent volumes available for this claim and no storage class is set',
    },
    {
      name: 'a class that is not there',
      claim: makeClaim('c'),
      type: 'Warning',
      reason: 'ProvisioningFailed',
      message: 'storageclass.storage.k8s.io "slow" not found',
    },
    {
      name: 'volumes made by hand',
      claim: makeClaim('c'),
      classes: [byHand],
      type: 'Warning',
      reason: 'ProvisioningFailed',
      message: 'no volume plugin matched name: kubernetes.io/no-provisioner',
    },
    {
      name: 'a Pod',
      claim: makeClaim('c'),
      classes: [waiting],
      type: 'Normal',
      reason: 'WaitForFirstConsumer',
      message: 'waiting for first consumer to be created before binding',
    },
    {
      name: 'its Pod',
      claim: makeClaim('c'),
      classes: [waiting],
      pods: ['p'],
      type: 'Normal',
      reason: 'WaitForPodScheduled',
      message: 'waiting for pod p to be scheduled',
    },
    {
      name: 'its Pods',
      claim: makeClaim('c'),
      classes: [waiting],
      pods: ['p', 'q'],
      type: 'Normal',
      reason: 'WaitForPodScheduled',
      message: 'waiting for pods p,q to be scheduled',
    },
    {
      name: 'a volume that is another’s',
      claim: makeClaim('c', { spec: { volumeName: 'taken' } }),
      type: 'Warning',
      reason: 'FailedBinding',
      message: 'volume "taken" already bound to a different claim.',
    },
    {
      name: 'a volume that is too small',
      claim: makeClaim('c', { size: '50Gi', spec: { volumeName: 'v' } }),
      type: 'Warning',
      reason: 'VolumeMismatch',
      message: 'Cannot bind to requested volume "v": requested PV is too small',
    },
    {
      name: 'a volume of another class',
      claim: makeClaim('c', { storageClass: 'fast', spec: { volumeName: 'v' } }),
      type: 'Warning',
      reason: 'VolumeMismatch',
      message: 'Cannot bind to requested volume "v": storageClassName does not match',
    },
    {
      name: 'a volume of another mode',
      claim: makeClaim('c', { spec: { volumeName: 'v', volumeMode: 'Block' } }),
      type: 'Warning',
      reason: 'VolumeMismatch',
      message: 'Cannot bind to requested volume "v": incompatible volumeMode',
    },
    {
      name: 'a volume without the mode',
      claim: makeClaim('c', { spec: { volumeName: 'v', accessModes: ['ReadWriteMany'] } }),
      type: 'Warning',
      reason: 'VolumeMismatch',
      message: 'Cannot bind to requested volume "v": incompatible accessMode',
    },
    {
      name: 'another VolumeAttributesClass',
      claim: makeClaim('c', { spec: { volumeName: 'v', volumeAttributesClassName: 'gold' } }),
      type: 'Warning',
      reason: 'VolumeMismatch',
      message: 'Cannot bind to requested volume "v": volumeAttributesClassName does not match',
    },
  ])('that waits says for what: $name', ({ claim, classes, pods, type, reason, message }) => {
    const volumes = [
      makeVolume('v', { labels: { only: 'named' }, phase: claim.spec.volumeName === undefined ? 'Released' : 'Available' }),
      makeVolume('taken', { spec: { claimRef: reserved('other') } }),
    ];
    const made = plan(claim, volumes, { classes: classes ?? [], pods: pods ?? [] });
    expect(made).toEqual({ events: [{ type, reason, message }] });
  });

  it('that names a volume that is not there just waits', () => {
    expect(plan(makeClaim('c', { spec: { volumeName: 'none' } }), [makeVolume('v')])).toEqual({ events: [] });
  });

  it('for which a volume is to be made says by whom', () => {
    const { claim, events } = plan(makeClaim('c'), [], { classes: [makeClass('slow')] });
    expect(claim?.metadata.annotations).toEqual({
      'volume.kubernetes.io/storage-provisioner': 'example.com/disks',
      'volume.beta.kubernetes.io/storage-provisioner': 'example.com/disks',
    });
    expect(events.map(({ reason }) => reason)).toEqual(['ExternalProvisioning']);
    expect(plan(claim as PersistentVolumeClaim, [], { classes: [makeClass('slow')] }).claim).toBeUndefined();
  });

  it('that waits for a Pod has its volume made once the scheduler chose a node', () => {
    const selected = makeClaim('c', { annotations: { 'volume.kubernetes.io/selected-node': 'n' } });
    expect(plan(selected, [], { classes: [waiting] }).events.map(({ reason }) => reason)).toEqual(['ExternalProvisioning']);
  });

  it('without a class gets the default class; one with an empty class does not', () => {
    expect(plan(makeClaim('c', { storageClass: undefined }), [], { classes: [standard] }).claim?.spec.storageClassName).toBe('standard');
    expect(plan(makeClaim('c', { storageClass: '' }), [], { classes: [standard] }).claim).toBeUndefined();
  });

  it.each([
    { name: 'its volume is gone', volumeName: 'none', volumes: [], reason: 'ClaimLost' },
    { name: 'its volume is another’s', volumeName: 'v', volumes: [makeVolume('v', { spec: { claimRef: reserved('other') } })], reason: 'ClaimMisbound' },
    { name: 'it does not say which volume it had', volumeName: '', volumes: [], reason: 'ClaimLost' },
  ])('is Lost when $name, which is said once', ({ volumeName, volumes, reason }) => {
    const claim = makeClaim('c', {
      annotations: BOUND,
      spec: { volumeName },
      status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } },
    });
    const made = plan(claim, volumes);
    expect(made.status).toEqual({ phase: 'Lost' });
    expect(made.events.map((event) => event.reason)).toEqual([reason]);
    expect(plan({ ...claim, status: made.status as never }, volumes)).toEqual({ events: [] });
  });

  it('that was bound to a volume which lost its reservation gets it back', () => {
    const claim = makeClaim('c', {
      annotations: BOUND,
      spec: { volumeName: 'v' },
      status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '10Gi' } },
    });
    const made = plan(claim, [makeVolume('v')]);
    expect(made.volume?.spec.claimRef?.uid).toBe('uid-c');
    expect([made.claim, made.status]).toEqual([undefined, undefined]);
  });
});
