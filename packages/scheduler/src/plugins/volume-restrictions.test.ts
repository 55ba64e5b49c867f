import type { Pod, Volume } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { makeClaim, using } from '../../test/volumes.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { volumeRestrictions } from './volume-restrictions.ts';

describePluginConformance('VolumeRestrictions', volumeRestrictions);

const nodes = [makeNode('a'), makeNode('b')];
const having = (name: string, volume: Omit<Volume, 'name'>, node?: string): Pod =>
  makePod(name, { ...(node === undefined ? {} : { node }), spec: { volumes: [{ name: 'v', ...volume }] } });
const gce = (pdName: string, readOnly = false) => ({ gcePersistentDisk: { pdName, readOnly } });
const ebs = (volumeID: string) => ({ awsElasticBlockStore: { volumeID } });
const iscsi = (iqn: string, readOnly = false) => ({ iscsi: { iqn, targetPortal: 'x', lun: 0, readOnly } });
const rbd = (image: string, monitors: readonly string[], readOnly = false) => ({ rbd: { image, monitors, readOnly } });

describe('VolumeRestrictions', () => {
  it.each([
    { name: 'no volumes', wanted: {}, used: gce('d'), feasible: ['a', 'b'] },
    { name: 'the same GCE disk', wanted: gce('d'), used: gce('d'), feasible: ['b'] },
    { name: 'another GCE disk', wanted: gce('e'), used: gce('d'), feasible: ['a', 'b'] },
    { name: 'the same GCE disk, both read only', wanted: gce('d', true), used: gce('d', true), feasible: ['a', 'b'] },
    { name: 'the same GCE disk, one of them writes', wanted: gce('d', true), used: gce('d'), feasible: ['b'] },
    { name: 'the same EBS volume', wanted: ebs('d'), used: ebs('d'), feasible: ['b'] },
    { name: 'the same iSCSI name', wanted: iscsi('d'), used: iscsi('d', true), feasible: ['b'] },
    { name: 'the same iSCSI name, both read only', wanted: iscsi('d', true), used: iscsi('d', true), feasible: ['a', 'b'] },
    { name: 'the same RBD image by a shared monitor', wanted: rbd('d', ['x', 'y']), used: rbd('d', ['y', 'z']), feasible: ['b'] },
    { name: 'RBD images of other monitors', wanted: rbd('d', ['x']), used: rbd('d', ['z']), feasible: ['a', 'b'] },
  ] satisfies readonly { name: string; wanted: Omit<Volume, 'name'>; used: Omit<Volume, 'name'>; feasible: readonly string[] }[])(
    '$name',
    ({ wanted, used, feasible }) => {
      const asked = askPlugin(volumeRestrictions(), having('p', wanted), { nodes, pods: [having('q', used, 'a')] });
      expect(asked.feasible).toEqual(feasible);
      if (feasible.length === 1) expect(asked.verdictOf('a')).toMatchObject({ code: 'Unschedulable', reasons: ['node(s) had no available disk'] });
    },
  );

  it('a claim that only one Pod may use is used already, wherever', () => {
    const persistentVolumeClaims = [makeClaim('c', { spec: { accessModes: ['ReadWriteOncePod'] } })];
    const asked = askPlugin(volumeRestrictions(), using('p', ['c']), { nodes, pods: [using('q', ['c'], { node: 'a' })], persistentVolumeClaims });
    expect(asked.feasible).toEqual([]);
    expect(asked.verdictOf('b')).toMatchObject({
      code: 'Unschedulable',
      reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'],
    });
    expect(askPlugin(volumeRestrictions(), using('p', ['c']), { nodes, persistentVolumeClaims }).feasible).toEqual(['a', 'b']);
  });

  it('hints: a Pod with the same claim or disk goes', () => {
    const [registration] = volumeRestrictions().eventsToRegister?.() ?? [];
    const hint = (pod: Pod, old: Pod) => registration?.hint?.(pod, { resource: 'AssignedPod', action: 'Delete', old });
    expect(hint(using('p', ['c']), using('q', ['c']))).toBe('Queue');
    expect(hint(having('p', ebs('d')), having('q', ebs('d')))).toBe('Queue');
    expect(hint(having('p', ebs('d')), having('q', ebs('e')))).toBe('QueueSkip');
  });
});
