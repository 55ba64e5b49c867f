import type { PersistentVolume, Pod, VolumeAttachment } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { makeClaim, makeClass, makeCsiNode, makeVolume, using } from '../../test/volumes.ts';
import type { SnapshotInput } from '../cluster/create-snapshot.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';

describePluginConformance('NodeVolumeLimits', nodeVolumeLimits);

const DRIVER = 'ebs.csi.aws.com';
const csi = (name: string, driver = DRIVER): PersistentVolume => makeVolume(name, { spec: { csi: { driver, volumeHandle: name } } });
const bound = ['c0', 'c1', 'c2', 'c3'];
const storage: Omit<SnapshotInput, 'nodes'> = {
  persistentVolumes: [
    ...bound.map((name) => csi(name)),
    csi('other', 'other.example.com'),
    makeVolume('tree', { spec: { awsElasticBlockStore: { volumeID: 'tree' } } }),
  ],
  persistentVolumeClaims: [
    ...[...bound, 'other', 'tree'].map((name) => makeClaim(name, { volume: name })),
    makeClaim('pending', { storageClass: 'ebs' }),
    makeClaim('pending2', { storageClass: 'ebs' }),
    makeClaim('homeless', { storageClass: '' }),
  ],
  storageClasses: [makeClass('ebs', { provisioner: DRIVER })],
};
const there = using('q', ['c0', 'c1', 'c2'], { node: 'a' });
const attachment = (volume: string): VolumeAttachment => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'VolumeAttachment',
  metadata: { name: volume },
  spec: { attacher: DRIVER, nodeName: 'a', source: { persistentVolumeName: volume } },
});

interface Row {
  readonly name: string;
  readonly pod: Pod;
  readonly limit: number | undefined;
  readonly pods?: readonly Pod[];
  readonly attachments?: readonly VolumeAttachment[];
  readonly migrated?: string;
  readonly fits: boolean;
}

const rows: readonly Row[] = [
  { name: 'three attached, one more, limit 4', pod: using('p', ['c3']), limit: 4, fits: true },
  { name: 'three attached, one more, limit 3', pod: using('p', ['c3']), limit: 3, fits: false },
  { name: 'three attached, limit 2', pod: using('p', ['c3']), limit: 2, fits: false },
  { name: 'a volume that is attached already costs nothing', pod: using('p', ['c0']), limit: 3, fits: true },
  { name: 'no limit', pod: using('p', ['c3']), limit: undefined, fits: true },
  { name: 'another driver', pod: using('p', ['other']), limit: 3, fits: true },
  { name: 'no volumes', pod: makePod('p'), limit: 0, fits: true },
  { name: 'a claim that is still to be bound counts for its class', pod: using('p', ['pending']), limit: 3, fits: false },
  {
    name: 'the same pending claim in two Pods counts once',
    pod: using('p', ['pending']),
    pods: [using('q', ['pending'], { node: 'a' })],
    limit: 1,
    fits: true,
  },
  { name: 'two pending claims count twice', pod: using('p', ['pending', 'pending2']), pods: [], limit: 1, fits: false },
  { name: 'a claim with neither volume nor class does not count', pod: using('p', ['homeless']), limit: 3, fits: true },
  { name: 'an in-tree volume does not count', pod: using('p', ['tree']), limit: 3, fits: true },
  { name: 'an in-tree volume that was migrated counts', pod: using('p', ['tree']), limit: 3, migrated: 'kubernetes.io/aws-ebs', fits: false },
  {
    name: 'a volume in the Pod itself that was migrated counts',
    pod: makePod('p', { spec: { volumes: [{ name: 'v', awsElasticBlockStore: { volumeID: 'x' } }] } }),
    limit: 3,
    migrated: 'kubernetes.io/aws-ebs',
    fits: false,
  },
  {
    name: 'volumes that no Pod uses but that are attached count',
    pod: using('p', ['c3']),
    pods: [],
    attachments: [attachment('c0'), attachment('c1')],
    limit: 2,
    fits: false,
  },
];

describe('NodeVolumeLimits', () => {
  it.each(rows)('$name', ({ pod, limit, pods = [there], attachments = [], migrated, fits }) => {
    const cluster = { ...storage, nodes: [makeNode('a')], pods, csiNodes: [makeCsiNode('a', { [DRIVER]: limit }, migrated)], volumeAttachments: attachments };
    const asked = askPlugin(nodeVolumeLimits(), pod, cluster);
    expect(asked.feasible).toEqual(fits ? ['a'] : []);
    if (!fits)
      expect(asked.verdictOf('a')).toMatchObject({ code: 'Unschedulable', reasons: ['node(s) exceed max volume count'], details: { driver: DRIVER, limit } });
  });

  it('a node that nobody knows anything of has no limits', () => {
    expect(askPlugin(nodeVolumeLimits(), using('p', ['c3']), { ...storage, nodes: [makeNode('a')], pods: [there] }).feasible).toEqual(['a']);
  });
});
