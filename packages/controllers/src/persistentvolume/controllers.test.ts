import { Event, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@kybern/core/kinds';
import { simulatedProvisioner, standardClass } from '@kybern/storage';
import { describe, expect, it } from 'vitest';
import { createControlPlane, type ControlPlane } from '../../test/control-plane.ts';
import { claimTable, createClaim, createClass, createVolume, volumeTable } from '../../test/volumes.ts';
import { builtinControllers } from '../builtin-controllers.ts';

const start = (): Promise<ControlPlane> => createControlPlane(builtinControllers());
const reasons = async ({ client }: ControlPlane, name: string): Promise<readonly string[]> =>
  (await client.list(Event)).items.filter(({ involvedObject }) => involvedObject.name === name).map(({ reason }) => reason ?? '');

describe('claims and volumes', () => {
  it.each(['claim first', 'volume first'])('find each other: %s', async (order) => {
    await using plane = await start();
    const { client } = plane;
    const steps = [() => createClaim(client, 'c'), () => createVolume(client, 'v')];
    for (const step of order === 'claim first' ? steps : steps.reverse()) {
      await step();
      await plane.settle();
    }
    expect(await claimTable(client)).toEqual(['c Bound v']);
    expect(await volumeTable(client)).toEqual(['v Bound c']);
    const claim = await client.get(PersistentVolumeClaim, 'default/c');
    expect(claim.metadata.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(claim.status).toEqual({ phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '10Gi' } });
    const volume = await client.get(PersistentVolume, 'v');
    expect(volume.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(volume.spec.claimRef).toMatchObject({ kind: 'PersistentVolumeClaim', namespace: 'default', name: 'c', uid: claim.metadata.uid });
    expect(plane.errors).toEqual([]);
  });

  it('a volume that a person reserved goes to that claim, also when it comes later', async () => {
    await using plane = await start();
    const { client } = plane;
    await createVolume(client, 'v', { claimRef: { namespace: 'default', name: 'mine' } });
    await createClaim(client, 'other');
    await plane.settle();
    expect(await claimTable(client)).toEqual(['other Pending -']);
    await createClaim(client, 'mine');
    await plane.settle();
    expect(await claimTable(client)).toEqual(['mine Bound v', 'other Pending -']);
    expect(await volumeTable(client)).toEqual(['v Bound mine']);
  });

  it('a claim that names a volume waits for that one, and takes it when it comes', async () => {
    await using plane = await start();
    const { client } = plane;
    await createVolume(client, 'other');
    await createClaim(client, 'c', { volumeName: 'v' });
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Pending v']);
    await createVolume(client, 'v', { capacity: { storage: '5Gi' } });
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Bound v']);
    expect(await volumeTable(client)).toEqual(['other Available -', 'v Bound c']);
  });

  it('a claim that names a volume of another class says so', async () => {
    await using plane = await start();
    await createVolume(plane.client, 'v', { storageClassName: 'fast' });
    await createClaim(plane.client, 'c', { volumeName: 'v' });
    await plane.settle();
    expect(await claimTable(plane.client)).toEqual(['c Pending v']);
    const [event] = (await plane.client.list(Event)).items.filter(({ reason }) => reason === 'VolumeMismatch');
    expect(event?.message).toBe('Cannot bind to requested volume "v": storageClassName does not match');
  });

  it('under Retain a volume is Released when its claim goes, and nobody gets it before a person says so', async () => {
    await using plane = await start();
    const { client } = plane;
    await createVolume(client, 'v', { persistentVolumeReclaimPolicy: 'Retain' });
    await createClaim(client, 'c');
    await plane.settle();
    await client.delete(PersistentVolumeClaim, 'default/c');
    await createClaim(client, 'd');
    await plane.settle();
    expect(await volumeTable(client)).toEqual(['v Released c']);
    expect(await claimTable(client)).toEqual(['d Pending -']);
    await client.mutate(PersistentVolume, 'v', (draft) => void delete draft.spec.claimRef);
    await plane.settle();
    expect(await volumeTable(client)).toEqual(['v Bound d']);
  });

  it('a claim whose volume is deleted by force is Lost', async () => {
    await using plane = await start();
    const { client } = plane;
    await createVolume(client, 'v');
    await createClaim(client, 'c');
    await plane.settle();
    await client.mutate(PersistentVolume, 'v', (draft) => void (draft.metadata.finalizers = []));
    await client.delete(PersistentVolume, 'v');
    await client.mutate(PersistentVolume, 'v', (draft) => void (draft.metadata.finalizers = [])).catch(() => undefined);
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Lost v']);
    expect(await reasons(plane, 'c')).toContain('ClaimLost');
  });

  it('volumes go only when they are not bound, and claims only when no Pod with a node uses them', async () => {
    await using plane = await start();
    const { client } = plane;
    await createVolume(client, 'v');
    await createClaim(client, 'c');
    const pod = await client.create(Pod, {
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [{ name: 'm', image: 'i' }], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }] },
    });
    await plane.settle();
    await plane.start(pod);
    await plane.settle();
    await client.delete(PersistentVolume, 'v');
    await client.delete(PersistentVolumeClaim, 'default/c');
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Bound v']);
    expect(await volumeTable(client)).toEqual(['v Bound c']);
    await client.delete(Pod, pod, { gracePeriodSeconds: 0 });
    await plane.settle();
    expect(await claimTable(client)).toEqual([]);
    expect(await volumeTable(client)).toEqual([]);
    expect(plane.errors).toEqual([]);
  });

  it('a claim without a class gets the default class when that comes', async () => {
    await using plane = await start();
    const { client } = plane;
    const { storageClassName: _, ...open } = (await createClaim(client, 'x')).spec;
    await client.create(PersistentVolumeClaim, { metadata: { name: 'c', namespace: 'default' }, spec: open });
    await createVolume(client, 'v', { storageClassName: 'later' });
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Pending -', 'x Pending -']);
    await createClass(client, 'later', { metadata: { name: 'later', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } });
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Bound v', 'x Pending -']);
  });

  it('claims of a class that waits for Pods are left to the scheduler', async () => {
    await using plane = await start();
    const { client } = plane;
    await createClass(client, 'slow', { volumeBindingMode: 'WaitForFirstConsumer' });
    await createVolume(client, 'v');
    await createClaim(client, 'c');
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Pending -']);
    expect(await reasons(plane, 'c')).toContain('WaitForFirstConsumer');
    const claim = await client.get(PersistentVolumeClaim, 'default/c');
    // The scheduler decides by reserving the volume.
    await client.mutate(PersistentVolume, 'v', (draft) => {
      draft.spec.claimRef = { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'c', uid: claim.metadata.uid as string };
    });
    await plane.settle();
    expect(await claimTable(client)).toEqual(['c Bound v']);
  });

  it('many claims that wait get the volumes that come, each its own', async () => {
    await using plane = await start();
    const { client } = plane;
    for (let i = 0; i < 50; i++) await createClaim(client, `c${i}`);
    await plane.settle();
    for (let i = 0; i < 40; i++) await createVolume(client, `v${i}`);
    await plane.settle();
    const bound = (await client.list(PersistentVolumeClaim)).items.filter(({ status }) => status?.phase === 'Bound');
    expect(bound.length).toBe(40);
    expect(new Set(bound.map(({ spec }) => spec.volumeName)).size).toBe(40);
    expect(plane.errors).toEqual([]);
  });
});

describe('provisioned volumes', () => {
  const provisioner = simulatedProvisioner();
  const startWithProvisioner = (): Promise<ControlPlane> =>
    createControlPlane(builtinControllers({ volumes: [{ provisioner, standardClass: standardClass(provisioner.name) }] }));
  const create = (plane: ControlPlane, size = '5Gi'): Promise<PersistentVolumeClaim> =>
    plane.client.create(PersistentVolumeClaim, {
      metadata: { name: 'c', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } },
    });

  it('come with the first claim that names no class, and so does the class', async () => {
    await using plane = await startWithProvisioner();
    expect((await plane.client.list(StorageClass)).items).toEqual([]);
    const { metadata } = await create(plane);
    await plane.settle();
    expect((await plane.client.list(StorageClass)).items.map(({ metadata: { name } }) => name)).toEqual(['standard']);
    expect(await claimTable(plane.client)).toEqual([`c Bound pvc-${metadata.uid ?? ''}`]);
    const [volume] = (await plane.client.list(PersistentVolume)).items;
    expect(volume?.metadata.annotations).toEqual({ 'pv.kubernetes.io/provisioned-by': 'kybern.io/simulated' });
    expect(volume?.spec).toMatchObject({ capacity: { storage: '5Gi' }, storageClassName: 'standard', persistentVolumeReclaimPolicy: 'Delete' });
    expect(volume?.status?.phase).toBe('Bound');
    expect(await reasons(plane, 'c')).toEqual(expect.arrayContaining(['ExternalProvisioning', 'Provisioning', 'ProvisioningSucceeded']));
    expect(plane.errors).toEqual([]);
  });

  it('go with their claims', async () => {
    await using plane = await startWithProvisioner();
    await create(plane);
    await plane.settle();
    await plane.client.delete(PersistentVolumeClaim, 'default/c');
    await plane.settle();
    expect(await volumeTable(plane.client)).toEqual([]);
    expect(plane.errors).toEqual([]);
  });

  it('stay when somebody changes their policy to Retain before', async () => {
    await using plane = await startWithProvisioner();
    await create(plane);
    await plane.settle();
    const [volume] = (await plane.client.list(PersistentVolume)).items;
    const name = volume?.metadata.name ?? '';
    await plane.client.mutate(PersistentVolume, name, (draft) => void (draft.spec.persistentVolumeReclaimPolicy = 'Retain'));
    await plane.client.delete(PersistentVolumeClaim, 'default/c');
    await plane.settle();
    expect(await volumeTable(plane.client)).toEqual([`${name} Released c`]);
  });

  it('grow when their claims ask for more', async () => {
    await using plane = await startWithProvisioner();
    await create(plane);
    await plane.settle();
    await plane.client.mutate(PersistentVolumeClaim, 'default/c', (draft) => void (draft.spec.resources = { requests: { storage: '8Gi' } }));
    await plane.settle();
    const [volume] = (await plane.client.list(PersistentVolume)).items;
    expect(volume?.spec.capacity).toEqual({ storage: '8Gi' });
    const { status } = await plane.client.get(PersistentVolumeClaim, 'default/c');
    expect(status).toMatchObject({ phase: 'Bound', capacity: { storage: '8Gi' } });
    expect(status?.conditions ?? []).toEqual([]);
    expect(await reasons(plane, 'c')).toEqual(expect.arrayContaining(['Resizing', 'VolumeResizeSuccessful']));
  });
});
