import type { Node } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { makeClaim, makeClass, makeVolume, using } from '../../test/volumes.ts';
import { describePluginConformance } from '../conformance/index.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { volumeZone } from './volume-zone.ts';

describePluginConformance('VolumeZone', volumeZone);

const ZONE = 'topology.kubernetes.io/zone';
const BETA = 'failure-domain.beta.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const node = (labels: Readonly<Record<string, string>>): Node => makeNode('a', { labels });

describe('VolumeZone', () => {
  it.each([
    { name: 'the same zone', volume: { [ZONE]: 'c' }, on: node({ [ZONE]: 'c' }), fits: true },
    { name: 'another zone', volume: { [ZONE]: 'c' }, on: node({ [ZONE]: 'a' }), fits: false },
    { name: 'one of several zones', volume: { [ZONE]: 'c__a' }, on: node({ [ZONE]: 'a' }), fits: true },
    { name: 'a node without zone or region does not care', volume: { [ZONE]: 'c' }, on: node({}), fits: true },
    { name: 'a node that has only a region', volume: { [ZONE]: 'c' }, on: node({ [REGION]: 'r' }), fits: false },
    { name: 'zone and region must both be right', volume: { [ZONE]: 'c', [REGION]: 'r' }, on: node({ [ZONE]: 'c', [REGION]: 's' }), fits: false },
    { name: 'an old label on the volume, a new one on the node', volume: { [BETA]: 'c' }, on: node({ [ZONE]: 'c' }), fits: true },
    { name: 'a volume without labels', volume: {}, on: node({ [ZONE]: 'c' }), fits: true },
  ])('$name', ({ volume, on, fits }) => {
    const cluster = { nodes: [on], persistentVolumeClaims: [makeClaim('c', { volume: 'v' })], persistentVolumes: [makeVolume('v', { labels: volume })] };
    const asked = askPlugin(volumeZone(), using('p', ['c']), cluster);
    expect(asked.feasible).toEqual(fits ? ['a'] : []);
    if (!fits) expect(asked.verdictOf('a')).toMatchObject({ code: 'UnschedulableAndUnresolvable', reasons: ['node(s) had no available volume zone'] });
  });

  it.each([
    { name: 'no such claim', claims: [], says: 'persistentvolumeclaim "c" not found' },
    { name: 'no such volume', claims: [makeClaim('c', { volume: 'v' })], says: 'persistentvolume "v" not found' },
    { name: 'no such class', claims: [makeClaim('c', { storageClass: 'x' })], says: 'storageclass.storage.k8s.io "x" not found' },
    { name: 'a claim that somebody else is to bind', claims: [makeClaim('c', { storageClass: 'now' })], says: 'PersistentVolume had no name' },
    { name: 'a claim that waits for the Pod is none of its business', claims: [makeClaim('c')], says: undefined },
  ])('$name', ({ claims, says }) => {
    const storageClasses = [makeClass('slow'), makeClass('now', { volumeBindingMode: 'Immediate' })];
    const asked = askPlugin(volumeZone(), using('p', ['c']), { nodes: [node({ [ZONE]: 'c' })], persistentVolumeClaims: claims, storageClasses });
    expect(asked.verdictOf('a')).toMatchObject(says === undefined ? { code: 'Success' } : { code: 'UnschedulableAndUnresolvable', reasons: [says] });
  });

  it.each([
    { name: 'its claim comes', event: { resource: 'PersistentVolumeClaim', action: 'Add', object: makeClaim('c') }, answer: 'Queue' },
    { name: 'another claim comes', event: { resource: 'PersistentVolumeClaim', action: 'Add', object: makeClaim('d') }, answer: 'QueueSkip' },
    { name: 'a volume comes', event: { resource: 'PersistentVolume', action: 'Add', object: makeVolume('v') }, answer: 'Queue' },
    {
      name: 'a volume changes otherwise',
      event: { resource: 'PersistentVolume', action: 'Update', old: makeVolume('v'), object: makeVolume('v', { labels: { x: 'y' } }) },
      answer: 'QueueSkip',
    },
    { name: 'a class that waits comes', event: { resource: 'storage.k8s.io/StorageClass', action: 'Add', object: makeClass('s') }, answer: 'Queue' },
  ] satisfies readonly { name: string; event: ClusterEvent; answer: string }[])('hints: $name: $answer', ({ event, answer }) => {
    const registration = volumeZone()
      .eventsToRegister?.()
      .find(({ resource }) => resource === event.resource);
    expect(registration?.hint?.(using('p', ['c']), event)).toBe(answer);
  });

  it('does nothing for a Pod without volumes', () => {
    expect(askPlugin(volumeZone(), makePod('p'), { nodes: [node({ [ZONE]: 'c' })] }).feasible).toEqual(['a']);
  });
});
