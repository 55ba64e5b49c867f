import { randomInt, seededRandom } from '@kybern/core';
import { Event, PersistentVolume, PersistentVolumeClaim, StorageClass, type CSIDriver, type CSIStorageCapacity, type Pod } from '@kybern/core/kinds';
import { findMatchingVolume } from '@kybern/storage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../test/cluster.ts';
import { makeNode, makePod } from '../../test/objects.ts';
import { askPlugin } from '../../test/run-plugin.ts';
import { makeClaim, makeClass, makeVolume, using } from '../../test/volumes.ts';
import type { SnapshotInput } from '../cluster/create-snapshot.ts';
import { describePluginConformance } from '../conformance/index.ts';
import { SchedulerConfigError } from '../errors.ts';
import { volumeBinding } from './volume-binding.ts';

describePluginConformance('VolumeBinding', volumeBinding);

const nodes = ['a', 'b'].map((name) => makeNode(name, { labels: { zone: name } }));
const CLASSES = [makeClass('slow'), makeClass('now', { volumeBindingMode: 'Immediate' }), makeClass('csi', { provisioner: 'csi.example.com' })];
const CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
const NONE = "node(s) didn't find available persistent volumes to bind";
const driver: CSIDriver = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'csi.example.com' }, spec: { storageCapacity: true } };
const room = (zone: string, capacity: string): CSIStorageCapacity => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIStorageCapacity',
  metadata: { name: zone, namespace: 'default' },
  storageClassName: 'csi',
  nodeTopology: { matchLabels: { zone } },
  capacity,
});

interface Row {
  readonly name: string;
  readonly claims?: readonly string[];
  readonly pod?: Pod;
  readonly cluster: Omit<SnapshotInput, 'nodes'>;
  readonly feasible: readonly string[];
  /** Of node b. */
  readonly reasons?: readonly string[];
}

const rows: readonly Row[] = [
  { name: 'no claims', pod: makePod('p'), cluster: {}, feasible: ['a', 'b'] },
  {
    name: 'a bound volume that is everywhere',
    cluster: { persistentVolumeClaims: [makeClaim('c', { volume: 'v' })], persistentVolumes: [makeVolume('v', { claim: 'c' })] },
    feasible: ['a', 'b'],
  },
  {
    name: 'a bound volume in a zone',
    cluster: { persistentVolumeClaims: [makeClaim('c', { volume: 'v' })], persistentVolumes: [makeVolume('v', { claim: 'c', zone: 'a' })] },
    feasible: ['a'],
    reasons: [CONFLICT],
  },
  {
    name: 'a bound volume that is gone',
    cluster: { persistentVolumeClaims: [makeClaim('c', { volume: 'v' })] },
    feasible: [],
    reasons: ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
  },
  { name: 'no such claim', cluster: {}, feasible: [], reasons: ['persistentvolumeclaim "c" not found'] },
  {
    name: 'a lost claim',
    cluster: { persistentVolumeClaims: [{ ...makeClaim('c', { volume: 'v' }), status: { phase: 'Lost' } }] },
    feasible: [],
    reasons: ['persistentvolumeclaim "c" bound to non-existent persistentvolume "v"'],
  },
  {
    name: 'a claim that somebody else is to bind',
    cluster: { persistentVolumeClaims: [makeClaim('c', { storageClass: 'now' })] },
    feasible: [],
    reasons: ['pod has unbound immediate PersistentVolumeClaims'],
  },
  {
    name: 'a claim without a class',
    cluster: { persistentVolumeClaims: [makeClaim('c', { storageClass: '' })] },
    feasible: [],
    reasons: ['pod has unbound immediate PersistentVolumeClaims'],
  },
  {
    name: 'a claim that waits, and a volume in a zone',
    cluster: { persistentVolumeClaims: [makeClaim('c')], persistentVolumes: [makeVolume('v', { zone: 'a' })] },
    feasible: ['a'],
    reasons: [NONE],
  },
  {
    name: 'a volume that is too small',
    cluster: { persistentVolumeClaims: [makeClaim('c')], persistentVolumes: [makeVolume('v', { size: '4Gi' })] },
    feasible: [],
    reasons: [NONE],
  },
  {
    name: 'a volume of another class',
    cluster: { persistentVolumeClaims: [makeClaim('c')], persistentVolumes: [makeVolume('v', { storageClass: 'other' })] },
    feasible: [],
    reasons: [NONE],
  },
  {
    name: 'a volume of another mode',
    cluster: { persistentVolumeClaims: [makeClaim('c', { spec: { accessModes: ['ReadWriteMany'] } })], persistentVolumes: [makeVolume('v')] },
    feasible: [],
    reasons: [NONE],
  },
  {
    name: 'a volume with other labels',
    cluster: { persistentVolumeClaims: [makeClaim('c', { spec: { selector: { matchLabels: { x: 'y' } } } })], persistentVolumes: [makeVolume('v')] },
    feasible: [],
    reasons: [NONE],
  },
  {
    name: 'a volume that is reserved for another claim',
    cluster: { persistentVolumeClaims: [makeClaim('c')], persistentVolumes: [makeVolume('v', { claim: 'other' })] },
    feasible: [],
    reasons: [NONE],
  },
  {
    name: 'a volume that is reserved for this claim, out of reach',
    cluster: { persistentVolumeClaims: [makeClaim('c')], persistentVolumes: [makeVolume('v', { claim: 'c', zone: 'a' }), makeVolume('w')] },
    feasible: ['a'],
    reasons: [NONE],
  },
  {
    name: 'two claims and one volume',
    claims: ['c', 'd'],
    cluster: { persistentVolumeClaims: [makeClaim('c'), makeClaim('d')], persistentVolumes: [makeVolume('v')] },
    feasible: [],
    reasons: [NONE],
  },
  {
    name: 'two claims and two volumes: the small claim leaves the large volume',
    claims: ['c', 'd'],
    cluster: {
      persistentVolumeClaims: [makeClaim('c', { size: '8Gi' }), makeClaim('d', { size: '1Gi' })],
      persistentVolumes: [makeVolume('v'), makeVolume('w', { size: '2Gi' })],
    },
    feasible: ['a', 'b'],
  },
  { name: 'a volume is provisioned', cluster: { persistentVolumeClaims: [makeClaim('c', { storageClass: 'csi' })] }, feasible: ['a', 'b'] },
  {
    name: 'for a node that was selected before',
    cluster: { persistentVolumeClaims: [makeClaim('c', { storageClass: 'csi', annotations: { 'volume.kubernetes.io/selected-node': 'a' } })] },
    feasible: ['a'],
    reasons: [NONE],
  },
  {
    name: 'only where the class allows it',
    cluster: {
      persistentVolumeClaims: [makeClaim('c', { storageClass: 'here' })],
      storageClasses: [makeClass('here', { provisioner: 'x', allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }] })],
    },
    feasible: ['a'],
    reasons: [NONE],
  },
  {
    name: 'only where there is capacity',
    cluster: {
      persistentVolumeClaims: [makeClaim('c', { storageClass: 'csi' })],
      csiDrivers: [driver],
      csiStorageCapacities: [room('a', '5Gi'), room('b', '4Gi')],
    },
    feasible: ['a'],
    reasons: ['node(s) did not have enough free storage'],
  },
  {
    name: 'capacity does not matter for drivers that do not publish it',
    cluster: { persistentVolumeClaims: [makeClaim('c', { storageClass: 'csi' })], csiStorageCapacities: [room('b', '4Gi')] },
    feasible: ['a', 'b'],
  },
  {
    name: 'an ephemeral claim that is still to be made',
    pod: makePod('p', { spec: { volumes: [{ name: 'e', ephemeral: {} }] } }),
    cluster: {},
    feasible: [],
    reasons: ['waiting for ephemeral volume controller to create the persistentvolumeclaim "p-e"'],
  },
];

describe('VolumeBinding: filter', () => {
  it.each(rows)('$name', ({ claims = ['c'], pod = using('p', claims), cluster, feasible, reasons }) => {
    const asked = askPlugin(volumeBinding(), pod, { nodes, storageClasses: CLASSES, ...cluster });
    expect(asked.feasible).toEqual(feasible);
    if (reasons !== undefined) expect(asked.verdictOf('b')).toMatchObject({ code: 'UnschedulableAndUnresolvable', reasons });
  });
});

describe('VolumeBinding: score', () => {
  const two = [makeVolume('v', { size: '200Gi', zone: 'a' }), makeVolume('w', { size: '100Gi', zone: 'b' })];
  const line = (...points: readonly (readonly [number, number])[]) => ({ shape: points.map(([utilization, score]) => ({ utilization, score })) });
  it.each([
    { name: 'fuller is better', args: line([0, 0], [100, 10]), scores: [25, 50] },
    { name: 'a shape with a bend', args: line([0, 0], [50, 3], [100, 5]), scores: [15, 30] },
    { name: 'not at all without a shape', args: {}, scores: [undefined, undefined] },
  ])('$name', ({ args, scores }) => {
    const cluster = { nodes, storageClasses: CLASSES, persistentVolumes: two, persistentVolumeClaims: [makeClaim('c', { size: '50Gi' })] };
    expect(Object.values(askPlugin(volumeBinding(args), using('p', ['c']), cluster).raw)).toEqual(scores);
  });

  it('a bad timeout is an error that names the field', () => {
    expect(() => volumeBinding({ bindTimeoutSeconds: -1 })).toThrow(SchedulerConfigError);
    expect(() => volumeBinding({ bindTimeoutSeconds: -1 })).toThrow('bindTimeoutSeconds');
  });
});

it('takes the smallest volume that is large enough, whatever there is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const random = seededRandom(seed);
      const volumes = Array.from({ length: randomInt(random, 8) }, (_, index) =>
        makeVolume(`v${index}`, {
          size: `${1 + randomInt(random, 6)}Gi`,
          storageClass: randomInt(random, 3) === 0 ? 'other' : 'slow',
          ...(randomInt(random, 4) === 0 ? { claim: 'x' } : {}),
        }),
      );
      const wanted = 1 + randomInt(random, 6);
      const found = findMatchingVolume(makeClaim('c', { size: `${wanted}Gi` }), volumes, { isUsable: () => true, isReachable: () => true });
      const sizeOf = (volume: PersistentVolume): number => Number.parseInt(volume.spec.capacity?.['storage'] ?? '0', 10);
      const usable = volumes.filter((each) => each.spec.storageClassName === 'slow' && each.spec.claimRef === undefined && sizeOf(each) >= wanted);
      const best = Math.min(...usable.map(sizeOf));
      expect(found).toBe(usable.find((each) => sizeOf(each) === best));
    }),
  );
});

describe('volumes in a cluster', () => {
  const start = () => startCluster({ nodes: [makeNode('a', { labels: { zone: 'a' } })] });
  const addClaim = async ({ client }: TestCluster, name: string, storageClass: string): Promise<void> => {
    const { uid: _uid, ...metadata } = makeClaim(name).metadata;
    await client.create(PersistentVolumeClaim, { metadata, spec: makeClaim(name, { storageClass }).spec });
  };
  const addVolume = async ({ client }: TestCluster, name: string): Promise<void> => {
    const { spec, status } = makeVolume(name);
    await client.create(PersistentVolume, { metadata: { name }, spec });
    await client.mutateStatus(PersistentVolume, name, (draft) => void (draft.status = { ...status } as never));
  };
  /** What the volume controller does once a claim and a volume are meant for each other. */
  const finish = async ({ client }: TestCluster, claim: string, volumeName: string): Promise<void> => {
    await client.mutate(PersistentVolumeClaim, `default/${claim}`, (draft) => {
      draft.spec.volumeName = volumeName;
      (draft.metadata.annotations ??= {})['pv.kubernetes.io/bind-completed'] = 'yes';
    });
  };

  it('reserves a volume for the claim, waits until they are bound, and binds the Pod', async () => {
    await using cluster = await start();
    const { uid: _uid, ...slow } = makeClass('slow').metadata;
    await cluster.client.create(StorageClass, { ...makeClass('slow'), metadata: slow });
    await addVolume(cluster, 'v');
    await addClaim(cluster, 'c', 'slow');
    await cluster.addPod(using('p', ['c']));
    await cluster.settle();
    expect((await cluster.client.get(PersistentVolume, 'v')).spec.claimRef).toMatchObject({ namespace: 'default', name: 'c' });
    expect((await cluster.pod('p')).spec.nodeName).toBeUndefined();
    await addClaim(cluster, 'd', 'slow');
    await cluster.addPod(using('q', ['d']));
    await cluster.settle();
    expect((await cluster.client.list(Event)).items.some(({ message }) => message?.includes("didn't find available persistent volumes") === true)).toBe(true);
    await finish(cluster, 'c', 'v');
    await cluster.clock.advance(2000);
    expect(await cluster.placement()).toEqual({ p: 'a', q: undefined });
  });

  it('selects a node for a claim that is provisioned, and gives up when the provisioner does', async () => {
    await using cluster = await start();
    await cluster.client.create(StorageClass, makeClass('csi', { provisioner: 'csi.example.com' }));
    await addClaim(cluster, 'c', 'csi');
    await cluster.addPod(using('p', ['c']));
    await cluster.settle();
    const selected = async () => (await cluster.client.get(PersistentVolumeClaim, 'default/c')).metadata.annotations?.['volume.kubernetes.io/selected-node'];
    expect(await selected()).toBe('a');
    await cluster.client.mutate(PersistentVolumeClaim, 'default/c', (draft) => void delete draft.metadata.annotations?.['volume.kubernetes.io/selected-node']);
    await cluster.clock.advance(1000);
    expect((await cluster.events()).some((event) => event.includes('provisioning failed for persistentvolumeclaim "default/c"'))).toBe(true);
    await cluster.clock.advance(5000);
    expect(await selected()).toBe('a');
  });
});
