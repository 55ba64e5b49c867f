import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { systemClock } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, type Container, type Pod } from '@kybern/core/kinds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodFieldsInput } from '../decisions/pod-fields.ts';
import { PodVolumes } from './pod-volumes.ts';

const signal = new AbortController().signal;

describe('volumes of claims', () => {
  let folder: string;
  let api: ApiServer;
  let volumes: PodVolumes;
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'kybern-pod-volumes-')));
    api = await createApiServer();
    volumes = new PodVolumes({ rootDirectory: join(folder, 'kubelet'), client: api.client, clock: systemClock() });
    await mkdir(join(folder, 'data'));
  });
  afterEach(async () => {
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const podWith = (volume: NonNullable<Pod['spec']['volumes']>[number]): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: 'uid-p' },
    spec: { containers: [], volumes: [volume], hostNetwork: true },
  });
  const inputOf = (pod: Pod): PodFieldsInput => ({ pod, podIPs: [], hostIPs: [], allocatable: {} });
  const mounting = (subPath: string): Container => ({ name: 'm', volumeMounts: [{ name: 'd', mountPath: '/d', subPath }] });
  const mountedAt = async (pod: Pod, subPath = ''): Promise<string | undefined> =>
    (await volumes.mounts(inputOf(pod), mounting(subPath), { env: new Map(), attempt: 0 })).find(({ containerPath }) => containerPath === '/d')?.hostPath;

  async function bindClaim(name: string, owner?: string): Promise<void> {
    const spec = { accessModes: ['ReadWriteOnce' as const], storageClassName: '' };
    await api.client.create(PersistentVolume, {
      metadata: { name: `v-${name}` },
      spec: { ...spec, capacity: { storage: '1Gi' }, hostPath: { path: join(folder, 'data') } },
    });
    const ownerReferences = owner === undefined ? [] : [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner, controller: true }];
    await api.client.create(PersistentVolumeClaim, {
      metadata: { name, namespace: 'default', ownerReferences },
      spec: { ...spec, volumeName: `v-${name}`, resources: { requests: { storage: '1Gi' } } },
    });
    await api.client.mutateStatus(PersistentVolumeClaim, `default/${name}`, (draft) => void (draft.status.phase = 'Bound'));
  }

  it('are the directories that the claims are bound to', async () => {
    await bindClaim('c');
    const pod = podWith({ name: 'd', persistentVolumeClaim: { claimName: 'c' } });
    await volumes.mount(inputOf(pod), signal);
    expect(await mountedAt(pod)).toBe(join(folder, 'data'));
    expect(await mountedAt(pod, 'a/b')).toBe(join(folder, 'data', 'a', 'b'));
  });

  it('are those of ephemeral volumes only when they were made for the Pod', async () => {
    const pod = podWith({ name: 'd', ephemeral: {} });
    await bindClaim('p-d', 'uid-of-another');
    await expect(volumes.mount(inputOf(pod), signal)).rejects.toThrow('PVC "default/p-d" was not created for pod "default/p" (pod is not owner)');
    await api.client.mutate(PersistentVolumeClaim, 'default/p-d', (draft) => {
      for (const reference of draft.metadata.ownerReferences ?? []) reference.uid = 'uid-p';
    });
    await volumes.mount(inputOf(pod), signal);
    expect(await mountedAt(pod)).toBe(join(folder, 'data'));
  });

  it.each(['link/inside', 'link', 'a/../../outside', '../outside', 'loop/link/inside'])(
    'do not lead out by the subPath %s, and nothing is made outside',
    async (subPath) => {
      await mkdir(join(folder, 'outside'));
      await symlink(join(folder, 'outside'), join(folder, 'data', 'link'));
      await symlink('.', join(folder, 'data', 'loop'));
      const pod = podWith({ name: 'd', hostPath: { path: join(folder, 'data') } });
      await expect(mountedAt(pod, subPath)).rejects.toThrow('failed to prepare subPath for volumeMount');
      expect(await readdir(join(folder, 'outside'))).toEqual([]);
    },
  );
});
