import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNotFound } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { expect, it, vi } from 'vitest';
import { createCluster } from '../src/index.ts';

it('claims of a cluster get directories, which go with them', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kybern-cluster-volumes-'));
  try {
    await using cluster = await createCluster({ nodes: 1, seed: 'volumes', volumes: { directory } });
    const { client } = cluster;
    await client.create(PersistentVolumeClaim, {
      metadata: { name: 'data', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
    });
    const claim = async (): Promise<PersistentVolumeClaim> => await client.get(PersistentVolumeClaim, 'default/data');
    await vi.waitFor(async () => expect((await claim()).status?.phase).toBe('Bound'), { timeout: 60_000, interval: 20 });
    const volume = await client.get(PersistentVolume, (await claim()).spec.volumeName as string);
    expect(volume.spec.storageClassName).toBe('standard');
    expect((await lstat(volume.spec.hostPath?.path as string)).isDirectory()).toBe(true);
    await client.delete(PersistentVolumeClaim, 'default/data');
    const isGone = async (): Promise<boolean> => await client.get(PersistentVolume, volume).then(() => false, isNotFound);
    await vi.waitFor(async () => expect(await isGone()).toBe(true), { timeout: 60_000, interval: 20 });
    expect(await readdir(directory)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
