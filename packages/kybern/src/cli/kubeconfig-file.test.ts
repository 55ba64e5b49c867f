import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadKubeconfig } from '@kybern/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubeconfigText, removeIfOurs, writePrivately } from './kubeconfig-file.ts';

describe('the kubeconfig that up writes', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read back by the client', async () => {
    const file = join(folder, 'deep', 'kubeconfig');
    await writePrivately(file, kubeconfigText({ url: 'https://127.0.0.1:6443', certificateAuthority: 'CA', admin: { certificate: 'CERT', key: 'KEY' } }));
    expect(await loadKubeconfig({ file })).toEqual({
      server: 'https://127.0.0.1:6443',
      certificateAuthority: 'CA',
      clientCertificate: 'CERT',
      clientKey: 'KEY',
      namespace: 'default',
    });
  });

  it('is for its owner alone, and replaces what was there whole', async () => {
    const file = join(folder, 'kubeconfig');
    await writeFile(file, 'something older', { mode: 0o644 });
    await writePrivately(file, 'new');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readdir(dirname(file))).toEqual(['kubeconfig']);
  });

  it('leaves nothing behind when it cannot be written', async () => {
    await expect(writePrivately(folder, 'text')).rejects.toThrow();
    expect(await readdir(dirname(folder))).not.toContainEqual(expect.stringMatching(new RegExp(`^${folder.split('/').pop() ?? ''}\\.`)));
  });

  it('is removed at the end, unless another cluster has taken its place', async () => {
    const file = join(folder, 'kubeconfig');
    await writePrivately(file, 'ours');
    await removeIfOurs(file, 'theirs');
    expect(await readFile(file, 'utf8')).toBe('ours');
    await removeIfOurs(file, 'ours');
    expect(await readdir(folder)).toEqual([]);
    await removeIfOurs(file, 'ours');
  });
});
