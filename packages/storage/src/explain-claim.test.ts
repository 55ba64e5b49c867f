import { expect, it } from 'vitest';
import { makeClaim, makeClass, makeVolume, reserved } from '../test/objects.ts';
import { explainClaim } from './explain-claim.ts';

it('says of every volume why it is not for the claim, by name', () => {
  const volumes = [
    makeVolume('z-fits-nobody', {
      size: '1Gi',
      storageClass: 'fast',
      spec: { accessModes: ['ReadOnlyMany'], volumeMode: 'Block', volumeAttributesClassName: 'gold' },
    }),
    makeVolume('bound', { phase: 'Bound', spec: { claimRef: reserved('other') } }),
    makeVolume('released', { phase: 'Released', spec: { claimRef: reserved('gone') } }),
    makeVolume('earlier', { phase: 'Released', spec: { claimRef: reserved('c', 'old') } }),
    makeVolume('going', { deleting: true }),
    makeVolume('new', { phase: 'Pending' }),
    makeVolume('labels', { labels: { a: 'c' } }),
  ];
  const claim = makeClaim('c', { spec: { selector: { matchLabels: { a: 'b' } } } });
  const { phase, summary, volumes: verdicts } = explainClaim({ claim, volumes, storageClasses: [] });
  expect({ phase, summary }).toEqual({ phase: 'Pending', summary: 'storageclass.storage.k8s.io "slow" not found' });
  const NOT_SELECTED = 'has labels that the claim does not select';
  expect(Object.fromEntries(verdicts.map(({ volume, reasons }) => [volume, reasons]))).toEqual({
    bound: ['is claimed by "default/other"', NOT_SELECTED],
    earlier: ['is kept for an earlier claim "default/c", and is free when its spec.claimRef is removed', NOT_SELECTED],
    going: ['is being deleted', NOT_SELECTED],
    labels: [NOT_SELECTED],
    new: ['is Pending, not Available', NOT_SELECTED],
    released: ['is Released by claim "default/gone", and is free when its spec.claimRef is removed', NOT_SELECTED],
    'z-fits-nobody': [
      'has 1Gi, 5Gi are asked for',
      'has volume mode Block, Filesystem is asked for',
      'offers ReadOnlyMany, ReadWriteOnce is asked for',
      'is of class "fast", the claim asks for class "slow"',
      'has the VolumeAttributesClass "gold", "" is asked for',
      NOT_SELECTED,
    ],
  });
});

it.each([
  {
    name: 'bound',
    claim: makeClaim('c', { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' }, spec: { volumeName: 'v' }, status: { phase: 'Bound' } }),
    summary: 'it has the volume "v"',
  },
  { name: 'about to be bound', claim: makeClaim('c', { storageClass: 'free' }), summary: 'it is about to be bound to the volume "w"' },
  {
    name: 'for a volume that is not there',
    claim: makeClaim('c', { spec: { volumeName: 'none' } }),
    summary: 'it asks for the volume "none", which is not there',
  },
  {
    name: 'lost',
    claim: makeClaim('c', { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' }, spec: { volumeName: 'none' }, status: { phase: 'Lost' } }),
    summary: 'the volume "none" that it was bound to is not its own any more',
  },
  { name: 'waiting for a Pod', claim: makeClaim('c', { storageClass: 'wait' }), summary: 'waiting for pod p to be scheduled' },
])('sums up a claim that is $name', ({ claim, summary }) => {
  const volumes = [makeVolume('v', { phase: 'Bound', spec: { claimRef: reserved('c') }, storageClass: 'x' }), makeVolume('w', { storageClass: 'free' })];
  // Only the first case is about the volume that is reserved for the claim.
  const seen = claim.metadata.annotations === undefined ? volumes.slice(1) : volumes;
  expect(
    explainClaim({ claim, volumes: seen, storageClasses: [makeClass('wait', { volumeBindingMode: 'WaitForFirstConsumer' })], waitingPods: ['p'] }).summary,
  ).toBe(summary);
});
