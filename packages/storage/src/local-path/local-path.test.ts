import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeProvisionerConformance } from '../conformance/index.ts';
import type { ProvisionRequest } from '../provisioning/provisioner.ts';
import { localPathProvisioner } from './local-path.ts';
import { mountedBelow } from './mounts.ts';
import { removeTree } from './remove-tree.ts';

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
const signal = new AbortController().signal;

describeProvisionerConformance('local path', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kybern-volumes-'));
  return {
    provisioner: localPathProvisioner({ directory }),
    exists: ({ spec }) => isThere(spec.hostPath?.path ?? ''),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
});

describe('directories as volumes', () => {
  let folder: string;
  let directory: string;
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'kybern-volumes-')));
    directory = join(folder, 'volumes');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const claim: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', namespace: 'default', uid: '1' },
    spec: { accessModes: ['ReadWriteOnce'] },
  };
  const storageClass: StorageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard' },
    provisioner: 'kybern.io/local-path',
  };
  const request = (name: string, more: Partial<ProvisionRequest> = {}): ProvisionRequest => ({
    name,
    bytes: 1024,
    claim,
    storageClass,
    node: undefined,
    signal,
    ...more,
  });
  const volume = (name: string, path: string): PersistentVolume => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: { hostPath: { path }, persistentVolumeReclaimPolicy: 'Delete' },
    status: { phase: 'Released' },
  });

  it('keep what is in them when they are asked for again, and nobody but the owner looks into the directory around them', async () => {
    const provisioner = localPathProvisioner({ directory });
    const { source } = await provisioner.provision(request('pvc-1'));
    expect(source).toEqual({ hostPath: { path: join(directory, 'pvc-1'), type: 'Directory' } });
    await writeFile(join(directory, 'pvc-1', 'data'), 'precious');
    await localPathProvisioner({ directory }).provision(request('pvc-1'));
    expect(await readFile(join(directory, 'pvc-1', 'data'), 'utf8')).toBe('precious');
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('are never deleted by the path that an object tells', async () => {
    const provisioner = localPathProvisioner({ directory });
    await provisioner.provision(request('pvc-1'));
    await mkdir(join(folder, 'outside'));
    for (const path of [
      join(folder, 'outside'),
      directory,
      join(directory, 'pvc-2'),
      join(directory, 'pvc-1', '..', '..', 'outside'),
      `${directory}/./pvc-1`,
    ]) {
      await expect(provisioner.delete(volume('pvc-1', path), { signal })).rejects.toMatchObject({ code: 'FailedPrecondition' });
    }
    expect([await isThere(join(folder, 'outside')), await isThere(join(directory, 'pvc-1'))]).toEqual([true, true]);
  });

  it('do not lead out by symbolic links: these are removed, not followed', async () => {
    const provisioner = localPathProvisioner({ directory });
    await provisioner.provision(request('pvc-1'));
    await mkdir(join(folder, 'outside'));
    await writeFile(join(folder, 'outside', 'data'), 'precious');
    await mkdir(join(directory, 'pvc-1', 'a'));
    await symlink(join(folder, 'outside'), join(directory, 'pvc-1', 'a', 'link'));
    await symlink('/', join(directory, 'pvc-1', 'root'));
    await provisioner.delete(volume('pvc-1', join(directory, 'pvc-1')), { signal });
    expect(await isThere(join(directory, 'pvc-1'))).toBe(false);
    expect(await readFile(join(folder, 'outside', 'data'), 'utf8')).toBe('precious');
  });

  it('are not taken from a symbolic link that somebody put in their place', async () => {
    const provisioner = localPathProvisioner({ directory });
    await provisioner.provision(request('pvc-0'));
    await mkdir(join(folder, 'outside'));
    await writeFile(join(folder, 'outside', 'data'), 'precious');
    await symlink(join(folder, 'outside'), join(directory, 'pvc-1'));
    await expect(provisioner.provision(request('pvc-1'))).rejects.toMatchObject({ code: 'AlreadyExists' });
    await provisioner.delete(volume('pvc-1', join(directory, 'pvc-1')), { signal });
    expect(await isThere(join(directory, 'pvc-1'))).toBe(false);
    expect(await readFile(join(folder, 'outside', 'data'), 'utf8')).toBe('precious');
  });

  it('go also when somebody swaps directories for links all the while', async () => {
    const provisioner = localPathProvisioner({ directory });
    await mkdir(join(folder, 'outside'));
    for (let i = 0; i < 50; i++) await writeFile(join(folder, 'outside', `data-${i}`), 'precious');
    await provisioner.provision(request('pvc-1'));
    const inside = join(directory, 'pvc-1');
    for (let i = 0; i < 20; i++) {
      await mkdir(join(inside, `d${i}`));
      for (let j = 0; j < 20; j++) await writeFile(join(inside, `d${i}`, `f${j}`), '');
    }
    let isOver = false;
    const hostile = (async () => {
      for (let i = 0; !isOver; i = (i + 1) % 20) {
        await rm(join(inside, `d${i}`), { recursive: true, force: true }).catch(() => undefined);
        await symlink(join(folder, 'outside'), join(inside, `d${i}`)).catch(() => undefined);
      }
    })();
    // It may take more than one attempt while somebody writes; the controller makes them.
    const attempt = (): Promise<void> => provisioner.delete(volume('pvc-1', inside), { signal });
    for (let tries = 0; tries < 20; tries++) await attempt().catch(() => undefined);
    isOver = true;
    await hostile;
    await attempt();
    expect(await isThere(inside)).toBe(false);
    expect((await readdir(join(folder, 'outside'))).length).toBe(50);
  });

  it('go however deep they are, without as many open files', async () => {
    let path = join(folder, 'deep');
    for (let i = 0; i < 150; i++) path = join(path, 'd');
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'f'), '');
    await removeTree(folder, 'deep', signal);
    expect(await readdir(folder)).toEqual([]);
  });

  it('are refused where there is no room, and as block devices', async () => {
    const provisioner = localPathProvisioner({ directory });
    await expect(provisioner.provision(request('pvc-1', { bytes: 2 ** 60 }))).rejects.toMatchObject({ code: 'ResourceExhausted' });
    const block = { ...claim, spec: { ...claim.spec, volumeMode: 'Block' as const } };
    await expect(provisioner.provision(request('pvc-1', { claim: block }))).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(() => localPathProvisioner({ directory: 'volumes' })).toThrow(RangeError);
  });

  it('belong to the selected node where each node has its own', async () => {
    const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels: { 'kubernetes.io/hostname': 'host-n' } }, spec: {} };
    const { nodeAffinity } = await localPathProvisioner({ directory, perNode: true }).provision(request('pvc-1', { node }));
    const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: ['host-n'] };
    expect(nodeAffinity).toEqual({ required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } });
  });
});

it.each([
  { path: '/volumes/pvc-1', found: '/volumes/pvc-1/data' },
  { path: '/volumes/with blank', found: '/volumes/with blank' },
  { path: '/volumes/pvc', found: undefined },
])('knows what is mounted at or below $path', async ({ path, found }) => {
  const folder = await mkdtemp(join(tmpdir(), 'kybern-mounts-'));
  try {
    const table = join(folder, 'mountinfo');
    const lines = [
      '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
      '23 22 0:5 / /volumes/pvc-1/data rw - tmpfs tmpfs rw',
      '24 22 0:6 / /volumes/with\\040blank rw - tmpfs tmpfs rw',
    ];
    await writeFile(table, lines.join('\n'));
    expect(await mountedBelow(path, table)).toBe(found);
    expect(await mountedBelow(path, join(folder, 'none'))).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
