import { expect, it } from 'vitest';
import { makeClaim, makeVolume, reserved } from '../test/objects.ts';
import { VolumeIndex } from './volume-index.ts';

const indexOf = (...volumes: ReturnType<typeof makeVolume>[]): VolumeIndex => {
  const index = new VolumeIndex();
  for (const volume of volumes) index.set(volume);
  return index;
};

it.each([
  {
    name: 'the smallest that is large enough',
    volumes: [makeVolume('large', { size: '20Gi' }), makeVolume('v'), makeVolume('small', { size: '4Gi' })],
    found: 'v',
  },
  { name: 'one of exactly the size', volumes: [makeVolume('v', { size: '5Gi' }), makeVolume('w')], found: 'v' },
  { name: 'of one size the first by name', volumes: [makeVolume('w'), makeVolume('v')], found: 'v' },
  { name: 'none that is smaller', volumes: [makeVolume('v', { size: '5119Mi' })], found: undefined },
  { name: 'none of another class', volumes: [makeVolume('v', { storageClass: 'fast' })], found: undefined },
  { name: 'none with a class for a claim that wants none', claim: { storageClass: '' }, volumes: [makeVolume('v')], found: undefined },
  { name: 'one without a class for a claim that wants none', claim: { storageClass: '' }, volumes: [makeVolume('v', { storageClass: '' })], found: 'v' },
  {
    name: 'the class that an annotation names',
    volumes: [makeVolume('v', { storageClass: '', annotations: { 'volume.beta.kubernetes.io/storage-class': 'slow' } })],
    found: 'v',
  },
  { name: 'none that lacks a mode', claim: { spec: { accessModes: ['ReadWriteMany' as const] } }, volumes: [makeVolume('v')], found: undefined },
  {
    name: 'the one with the fewest other modes, even when it is larger',
    volumes: [makeVolume('v', { size: '6Gi', spec: { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] } }), makeVolume('w')],
    found: 'w',
  },
  {
    name: 'ReadWriteOncePod only where it is offered',
    claim: { spec: { accessModes: ['ReadWriteOncePod' as const] } },
    volumes: [makeVolume('v'), makeVolume('w', { spec: { accessModes: ['ReadWriteOncePod'] } })],
    found: 'w',
  },
  { name: 'none of another volume mode', volumes: [makeVolume('v', { spec: { volumeMode: 'Block' } })], found: undefined },
  { name: 'none of another VolumeAttributesClass', volumes: [makeVolume('v', { spec: { volumeAttributesClassName: 'gold' } })], found: undefined },
  {
    name: 'one of its VolumeAttributesClass',
    claim: { spec: { volumeAttributesClassName: 'gold' } },
    volumes: [makeVolume('v', { spec: { volumeAttributesClassName: 'gold' } })],
    found: 'v',
  },
  {
    name: 'only those that it selects',
    claim: { spec: { selector: { matchLabels: { a: 'b' } } } },
    volumes: [makeVolume('v'), makeVolume('w', { size: '20Gi', labels: { a: 'b' } })],
    found: 'w',
  },
  { name: 'none that is being deleted', volumes: [makeVolume('v', { deleting: true })], found: undefined },
  { name: 'none that is Released', volumes: [makeVolume('v', { phase: 'Released' })], found: undefined },
  { name: 'none of another claim', volumes: [makeVolume('v', { spec: { claimRef: reserved('other') } })], found: undefined },
  {
    name: 'its own before a better one',
    volumes: [makeVolume('v'), makeVolume('w', { size: '20Gi', storageClass: 'fast', spec: { claimRef: reserved('c', '') } })],
    found: 'w',
  },
  {
    name: 'another when its own is too small',
    volumes: [makeVolume('v'), makeVolume('w', { size: '1Gi', spec: { claimRef: reserved('c', '') } })],
    found: 'v',
  },
  { name: 'none of a claim of the same name that is gone', volumes: [makeVolume('v', { spec: { claimRef: reserved('c', 'other') } })], found: undefined },
])('finds $name', ({ claim, volumes, found }) => {
  const asked = makeClaim('c', claim ?? {});
  expect(indexOf(...volumes).find(asked)?.metadata.name).toBe(found);
  expect(indexOf(...volumes.toReversed()).find(asked)?.metadata.name).toBe(found);
});

it('finds only what is reserved for a claim that waits for its first consumer', () => {
  const index = indexOf(makeVolume('v'));
  expect(index.find(makeClaim('c'), { reservedOnly: true })).toBeUndefined();
  index.set(makeVolume('v', { spec: { claimRef: reserved('c') } }));
  expect(index.find(makeClaim('c'), { reservedOnly: true })?.metadata.name).toBe('v');
});

it('hides what is being written, and shows it again', () => {
  const index = indexOf(makeVolume('v'));
  const release = index.hold('v');
  expect([index.find(makeClaim('c')), index.hasFree('slow')]).toEqual([undefined, false]);
  index.set(makeVolume('v', { size: '30Gi' }));
  expect(index.find(makeClaim('c'))).toBeUndefined();
  release();
  release();
  expect(index.find(makeClaim('c'))?.spec.capacity).toEqual({ storage: '30Gi' });
  index.delete('v');
  expect([index.find(makeClaim('c')), index.hasFree('slow')]).toEqual([undefined, false]);
});
