import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { container, pod } from '../../test/fixtures.ts';
import { openCgroupTree } from './cgroup-tree.ts';
import { PodCgroups } from './pod-cgroups.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kybern-cgroups-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const named = (uid: string, cpu?: string) =>
  pod(cpu === undefined ? {} : { containers: [container('a', { resources: { requests: { cpu }, limits: { memory: '8Mi' } } })] }, {
    metadata: { name: uid, namespace: 'default', uid },
  });

describe('with cgroup v1', () => {
  beforeEach(async () => {
    for (const controller of ['cpu', 'memory', 'pids']) await mkdir(join(root, controller));
  });
  const cgroups = async () => new PodCgroups({ tree: await openCgroupTree(root), root: '/', allocatable: { cpu: 2, memory: 1000 } });
  const read = (path: string) => readFile(join(root, path), 'utf8');

  it('holds Pods and classes to their limits', async () => {
    const node = await cgroups();
    await Promise.all([node.ensure(named('one', '250m')), node.ensure(named('two', '500m')), node.ensure(named('three'))]);
    expect(await read('cpu/kubepods/burstable/podone/cpu.shares')).toBe('256');
    expect(await read('cpu/kubepods/burstable/podone/cpu.cfs_quota_us')).toBe('-1');
    expect(await read('memory/kubepods/burstable/podone/memory.limit_in_bytes')).toBe(String(8 * 2 ** 20));
    expect(await read('cpu/kubepods/burstable/cpu.shares')).toBe('768');
    expect(await read('cpu/kubepods/besteffort/cpu.shares')).toBe('2');
    expect(await read('memory/kubepods/memory.limit_in_bytes')).toBe('1000');
    await node.remove(named('two', '500m'));
    await node.balance();
    expect(await read('cpu/kubepods/burstable/cpu.shares')).toBe('256');
  });

  it('finds the cgroups of Pods that the node has no more, under whatever controller', async () => {
    const node = await cgroups();
    await node.ensure(named('kept'));
    await mkdir(join(root, 'pids/kubepods/podgone'), { recursive: true });
    await mkdir(join(root, 'pids/kubepods/besteffort/podalso/container'), { recursive: true });
    await mkdir(join(root, 'pids/kubepods/besteffort/other'), { recursive: true });
    expect([...(await node.removeOrphans(new Set(['kept'])))].sort()).toEqual(['also', 'gone']);
    expect(await node.removeOrphans(new Set(['kept']))).toEqual([]);
    await expect(readFile(join(root, 'pids/kubepods/besteffort/other'))).rejects.toThrow('EISDIR');
  });
});

describe('with cgroup v2', () => {
  it('hands controllers down and writes its files', async () => {
    await writeFile(join(root, 'cgroup.controllers'), 'cpu memory rdma\n');
    await writeFile(join(root, 'cgroup.subtree_control'), 'memory\n');
    const tree = await openCgroupTree(root);
    await tree.create('/other');
    expect(await readFile(join(root, 'cgroup.subtree_control'), 'utf8')).toBe('+cpu');
    const node = new PodCgroups({ tree, root: '/node-2', allocatable: { cpu: 2, memory: 1000 } });
    await node.ensure(named('one', '1'));
    const folder = join(root, 'node-2/kubepods/burstable/podone');
    expect(await readFile(join(folder, 'cpu.weight'), 'utf8')).toBe('100');
    expect(await readFile(join(folder, 'cpu.max'), 'utf8')).toBe('max 100000');
    expect(await readFile(join(folder, 'memory.max'), 'utf8')).toBe(String(8 * 2 ** 20));
    expect(await tree.read('/node-2/kubepods/burstable/podone', 'memory', 'memory.max')).toBe(String(8 * 2 ** 20));
    expect(await tree.read('/nowhere', 'memory', 'memory.max')).toBeUndefined();
  });
});

it('says which file the kernel refused', async () => {
  const tree = await openCgroupTree(root);
  await expect(tree.limit('/gone', { cpuShares: 2 })).rejects.toThrow('failed to set cpu.shares of cgroup /gone to 2: ENOENT');
});
