import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigMap, Event, Node, Pod } from '@kybern/core/kinds';
import { describeContainerd } from '@kybern/runtime-cri/grpc/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { ContainerdLab, FOREVER, isReady, statusOf, WAIT } from './containerd-lab.ts';

const run = promisify(execFile);

describeContainerd('what a node on containerd survives', () => {
  const lab = new ContainerdLab();
  const machine = () => ({
    rootDirectory: join(lab.instance.folder, 'kubelet'),
    logDirectory: join(lab.instance.folder, 'logs'),
    cgroups: true,
    cgroupRoot: lab.cgroupRoot,
    podPidsLimit: 40,
    logLimits: { maxBytes: 65_536, maxFiles: 2 },
  });
  beforeAll(() => lab.open(), 60_000);
  afterAll(() => lab.close(), 120_000);
  beforeEach(() => lab.begin({ machine: machine() }));
  afterEach(() => lab.end(), 60_000);

  const reasonOf = (pod: Pod): string | undefined => statusOf(pod)?.state?.waiting?.reason;
  const gone = async (name: string): Promise<void> => {
    await vi.waitFor(async () => await expect(lab.api.client.get(Pod, name)).rejects.toThrow('not found'), WAIT);
    await vi.waitFor(async () => expect((await lab.runtime.listPodSandbox({})).items).toEqual([]), WAIT);
  };

  it('a pause process that is killed: the Pod is made anew', async () => {
    await lab.create('paused', {});
    const pod = await lab.untilReady('paused');
    const [sandbox] = (await lab.runtime.listPodSandbox({})).items;
    const { info } = await lab.runtime.podSandboxStatus({ podSandboxId: sandbox?.id ?? '', verbose: true });
    process.kill((JSON.parse(info?.['info'] ?? '{}') as { pid: number }).pid, 'SIGKILL');
    const after = await lab.until('paused', (now) => isReady(now) && statusOf(now)?.containerID !== statusOf(pod)?.containerID);
    expect(statusOf(after)?.restartCount).toBe(1);
    expect(await lab.messages()).toContain('SandboxChanged: Pod sandbox changed, it will be killed and re-created.');
    expect((await lab.runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } })).containers).toHaveLength(1);
  });

  it('containerd that is away: the Node says so, and a Pod that came meanwhile runs once it is back', async () => {
    await lab.create('before', {});
    const before = statusOf(await lab.untilReady('before'))?.containerID;
    await lab.instance.kill('SIGKILL');
    await lab.create('meanwhile', {});
    const readiness = async () => (await lab.api.client.get(Node, 'here')).status?.conditions?.find(({ type }) => type === 'Ready');
    await vi.waitFor(async () => {
      expect(await readiness()).toMatchObject({
        status: 'False',
        reason: 'KubeletNotReady',
        message: expect.stringContaining('container runtime is down') as string,
      });
    }, WAIT);
    await lab.instance.start();
    await lab.untilReady('meanwhile');
    await vi.waitFor(async () => expect(await readiness()).toMatchObject({ status: 'True', reason: 'KubeletReady' }), WAIT);
    expect(statusOf(await lab.api.client.get(Pod, 'before'))).toMatchObject({ containerID: before, restartCount: 0, ready: true });
    expect((await lab.runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } })).containers).toHaveLength(2);
  });

  it('a container that ignores SIGTERM: it is killed when its time is over', async () => {
    await lab.create('stubborn', { command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'] });
    const pod = await lab.untilReady('stubborn');
    await lab.api.client.delete(Pod, 'stubborn');
    await gone('stubborn');
    expect(await lab.messages()).toContain('Killing: Stopping container app');
    await vi.waitFor(async () => {
      expect(await lab.tree.children(`${lab.cgroupRoot}/kubepods/besteffort`)).not.toContain(`pod${pod.metadata.uid ?? ''}`);
    }, WAIT);
  });

  it('a container that forks without end: it has as many processes as a Pod may have, and no more', async () => {
    const bomb = `for i in $(seq 200); do sleep 1000 & done 2>/tmp/errors; ${FOREVER}`;
    await lab.create('bomb', { command: ['sh', '-c', bomb] });
    const pod = await lab.until('bomb', (now) => (statusOf(now)?.restartCount ?? 0) > 0 || isReady(now));
    const path = `${lab.cgroupRoot}/kubepods/besteffort/pod${pod.metadata.uid ?? ''}`;
    const controller = lab.tree.version === 2 ? '' : 'pids';
    expect((await lab.tree.read(path, controller, 'pids.max'))?.trim()).toBe('40');
    await vi.waitFor(async () => expect(Number(await lab.tree.read(path, controller, 'pids.current'))).toBeGreaterThan(1), WAIT);
    expect(Number(await lab.tree.read(path, controller, 'pids.current'))).toBeLessThanOrEqual(40);
    await lab.api.client.delete(Pod, 'bomb');
    await gone('bomb');
  });

  it('a container that floods its log: old lines go, the disk stays', async () => {
    const line = 'x'.repeat(1000);
    await lab.create('flood', {
      command: ['sh', '-c', `trap "exit 0" TERM; i=0; while :; do i=$((i+1)); echo "$i ${line}"; [ $((i % 100)) = 0 ] && usleep 200000; done`],
    });
    const pod = await lab.untilReady('flood');
    const folder = join(lab.instance.folder, 'logs', `default_flood_${pod.metadata.uid ?? ''}`, 'app');
    const rotated = async (): Promise<readonly string[]> => (await readdir(folder)).filter((name) => name.startsWith('0.log.')).sort();
    const first = await vi.waitFor(async () => {
      const [name = ''] = await rotated();
      expect(name).not.toBe('');
      return name;
    }, WAIT);
    // One file besides the one that is written: what was moved first goes when the next is moved.
    await vi.waitFor(async () => expect(await rotated()).not.toContain(first), WAIT);
    expect(await rotated()).toHaveLength(1);
    await vi.waitFor(async () => expect((await lab.log(pod)).length).toBeGreaterThan(0), WAIT);
    await lab.api.client.delete(Pod, 'flood');
    await gone('flood');
    await vi.waitFor(async () => await expect(stat(folder)).rejects.toThrow('ENOENT'), WAIT);
  });

  it('an image that there is not: it is asked for again, with pauses', async () => {
    await lab.create('imageless', { image: 'docker.io/library/none:1' });
    await lab.until('imageless', (pod) => reasonOf(pod) === 'ImagePullBackOff');
    const messages = await lab.messages();
    expect(messages).toContainEqual(expect.stringMatching(/^Failed: Failed to pull image "docker.io\/library\/none:1": rpc error: code = NotFound/));
    expect(messages).toContain('Failed: Error: ErrImagePull');
    expect(messages).toContain('BackOff: Back-off pulling image "docker.io/library/none:1"');
  });

  it('a registry that is slow: the Pod waits, and then runs', async () => {
    await lab.runtime.removeImage({ image: { image: 'docker.io/library/other:1' } });
    lab.instance.registry.fault = 'slow';
    try {
      await lab.create('patient', { image: 'docker.io/library/other:1' });
      await vi.waitFor(async () => expect(await lab.messages()).toContain('Pulling: Pulling image "docker.io/library/other:1"'), WAIT);
      expect(reasonOf(await lab.api.client.get(Pod, 'patient'))).not.toBe('ErrImagePull');
      expect(statusOf(await lab.untilReady('patient'))?.restartCount).toBe(0);
    } finally {
      lab.instance.registry.fault = undefined;
    }
    const pulling = (await lab.api.client.list(Event, { namespace: 'default' })).items.filter(({ reason }) => reason === 'Pulling');
    expect(pulling).toHaveLength(1);
  });

  it('a disk that is full: what cannot be written is told, and written when there is room', async () => {
    const folder = join(lab.instance.folder, 'kubelet', 'pods');
    await mkdir(folder, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=0755', 'tmpfs', folder]);
    try {
      await writeFile(join(folder, 'filler'), Buffer.alloc(60_000));
      await lab.api.client.create(ConfigMap, { metadata: { name: 'large', namespace: 'default' }, data: { key: 'y'.repeat(90_000) } });
      await lab.create('full', { volumeMounts: [{ name: 'config', mountPath: '/config' }] }, { volumes: [{ name: 'config', configMap: { name: 'large' } }] });
      await vi.waitFor(async () => expect(await lab.messages()).toContainEqual(expect.stringMatching(/^FailedMount: .*(ENOSPC|no space left)/)), WAIT);
      expect(reasonOf(await lab.api.client.get(Pod, 'full'))).toBe('ContainerCreating');
      await rm(join(folder, 'filler'));
      const pod = await lab.untilReady('full');
      expect((await lab.sh(pod, 'wc -c </config/key')).trim()).toBe('90000');
      await lab.api.client.delete(Pod, 'full');
      await gone('full');
    } finally {
      await run('umount', ['-l', folder]);
    }
  });
});
