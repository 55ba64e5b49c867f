import { join } from 'node:path';
import { Node, Pod } from '@kybern/core/kinds';
import { describeContainerd } from '@kybern/runtime-cri/grpc/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { ContainerdLab, FOREVER, statusOf, WAIT } from './containerd-lab.ts';
import { startDevicePlugin } from './device-plugin-process.ts';

const MI = 2 ** 20;
const resizing = ({ status }: Pod): boolean => status?.conditions?.some(({ type }) => type === 'PodResizeInProgress') === true;

describeContainerd('what Pods may use of a machine', () => {
  const lab = new ContainerdLab();
  beforeAll(() => lab.open(), 60_000);
  afterAll(() => lab.close(), 120_000);
  beforeEach(() => lab.begin());
  afterEach(() => lab.end(), 60_000);

  it('is a cgroup per class and Pod with its limits, which goes with the Pod', async () => {
    const resources = { requests: { cpu: '250m', memory: '16Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
    await lab.create('limited', { resources });
    await lab.create('free', {});
    const limited = await lab.untilReady('limited');
    const free = await lab.untilReady('free');
    const path = `${lab.cgroupRoot}/kubepods/burstable/pod${limited.metadata.uid ?? ''}`;
    const freePath = `${lab.cgroupRoot}/kubepods/besteffort/pod${free.metadata.uid ?? ''}`;
    expect(await lab.limitOf(path, 'quota')).toBe(50_000);
    expect(await lab.limitOf(path, 'memory')).toBe(64 * MI);
    expect(await lab.limitOf(freePath, 'memory')).toBe(Infinity);
    const of = async (where: string): Promise<number> => (await lab.limitOf(where, 'weight')) ?? 0;
    expect(await of(path)).toBeGreaterThan(await of(freePath));
    expect(await of(`${lab.cgroupRoot}/kubepods/burstable`)).toBe(await of(path));
    expect((await lab.tree.children(path)).length).toBe(2); // the sandbox and the container
    await lab.api.client.delete(Pod, 'limited');
    await vi.waitFor(async () => expect(await lab.limitOf(path, 'quota')).toBeUndefined(), WAIT);
  });

  it('ends a container that takes more than its Pod as a whole may, and says OOMKilled', async () => {
    const greedy = { command: ['sh', '-c', 'x=x; while :; do x=$x$x; done'] };
    await lab.create('whole', greedy, { restartPolicy: 'Never', resources: { limits: { memory: '24Mi' } } });
    const pod = await lab.until('whole', ({ status }) => status?.phase === 'Failed');
    expect(pod.status?.qosClass).toBe('Burstable');
    expect(statusOf(pod)?.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
  });

  it('changes while the Pod runs, and not below what it uses', async () => {
    const resourcesOf = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
    const resize = async (cpu: string, memory: string): Promise<void> => {
      const pod = await lab.api.client.get(Pod, 'resized');
      const containers = pod.spec.containers.map((each) => ({ ...each, resources: resourcesOf(cpu, memory) }));
      await lab.api.client.update(Pod, { ...pod, spec: { ...pod.spec, containers } }, { subresource: 'resize' });
    };
    // 8 MiB in a file of memory, which cannot be given back.
    const command = ['sh', '-c', `dd if=/dev/zero of=/dev/shm/file bs=1M count=8 2>/dev/null; touch /dev/shm/written; ${FOREVER}`];
    const readinessProbe = { exec: { command: ['test', '-e', '/dev/shm/written'] }, periodSeconds: 1 };
    await lab.create('resized', { command, readinessProbe, resources: resourcesOf('100m', '32Mi') });
    const pod = await lab.untilReady('resized');
    const path = `${lab.cgroupRoot}/kubepods/pod${pod.metadata.uid ?? ''}`;
    const container = `${path}/${statusOf(pod)?.containerID?.replace('containerd://', '') ?? ''}`;
    const limits = async (): Promise<readonly (number | undefined)[]> => [
      await lab.limitOf(path, 'quota'),
      await lab.limitOf(container, 'quota'),
      await lab.limitOf(path, 'memory'),
      await lab.limitOf(container, 'memory'),
    ];
    expect(await limits()).toEqual([10_000, 10_000, 32 * MI, 32 * MI]);
    await resize('300m', '64Mi');
    const larger = await lab.until('resized', (now) => statusOf(now)?.resources?.limits?.['cpu'] === '300m' && !resizing(now));
    expect(await limits()).toEqual([30_000, 30_000, 64 * MI, 64 * MI]);
    await resize('50m', '16Mi');
    await lab.until('resized', (now) => statusOf(now)?.resources?.limits?.['cpu'] === '50m' && !resizing(now));
    expect(await limits()).toEqual([5_000, 5_000, 16 * MI, 16 * MI]);
    expect(statusOf(await lab.api.client.get(Pod, 'resized'))).toMatchObject({ restartCount: 0, containerID: statusOf(larger)?.containerID });
    await resize('50m', '4Mi');
    const refused = await lab.until('resized', resizing);
    expect(refused.status?.conditions?.find(({ type }) => type === 'PodResizeInProgress')).toMatchObject({
      reason: 'Error',
      message: expect.stringMatching(/^attempting to set container "app" memory limit \(4194304\) below current usage \(\d+\)$/) as string,
    });
    expect((await limits())[3]).toBe(16 * MI);
  });

  it('is measured from the cgroups', async () => {
    await lab.create('busy', {
      command: ['sh', '-c', 'dd if=/dev/zero of=/dev/shm/file bs=1M count=12 2>/dev/null; while :; do :; done'],
      resources: { limits: { cpu: '200m' } },
    });
    await lab.create('host', {}, { hostNetwork: true });
    await lab.untilReady('busy');
    await lab.untilReady('host');
    const used = await vi.waitFor(async () => {
      const usage = await lab.connections.usage('here');
      const busy = usage.pods.find(({ name }) => name === 'busy');
      expect(busy?.containers[0]?.cpuNanoCores).toBeGreaterThan(50e6);
      expect(busy?.containers[0]?.memoryBytes).toBeGreaterThan(12 * MI);
      return usage;
    }, WAIT);
    const [busy, host] = ['busy', 'host'].map((name) => used.pods.find((each) => each.name === name));
    expect(busy?.containers[0]?.cpuNanoCores).toBeLessThan(400e6);
    expect(busy?.network).toMatchObject({ rxErrors: 0, txErrors: 0 });
    expect(host?.network).toBeUndefined();
    expect(used.cpuNanoCores).toBeGreaterThan(0);
    expect(used.memoryBytes).toBeGreaterThan(12 * MI);
    const summary = await lab.connections.request('here', { method: 'GET', path: '/stats/summary', query: new URLSearchParams() } as never);
    expect(JSON.stringify(summary.body)).toContain('rxBytes');
  });

  it('is the devices that a plugin gives it, too', async () => {
    const folder = join(lab.instance.folder, 'kubelet/device-plugins');
    await using _plugin = startDevicePlugin(folder, 'nvidia.com/gpu', ['gpu-0', 'gpu-1']);
    await vi.waitFor(async () => expect((await lab.api.client.get(Node, 'here')).status?.allocatable?.['nvidia.com/gpu']).toBe('2'), WAIT);
    await lab.create('gpus', { resources: { limits: { 'nvidia.com/gpu': '2' } } });
    const pod = await lab.untilReady('gpus');
    expect(await lab.sh(pod, 'echo $FAKE_DEVICES; ls -l /dev/gpu-0 /dev/gpu-1 | cut -c1; echo x >/dev/gpu-0 && echo written; ls /fake-driver')).toMatch(
      /^gpu-0,gpu-1\nc\nc\nwritten\n[^]*kubelet.sock\n/,
    );
    const { status } = await lab.runtime.containerStatus({ containerId: statusOf(pod)?.containerID?.replace('containerd://', '') ?? '' });
    expect(status?.annotations['fake.example.com/devices']).toBe('gpu-0,gpu-1');
  });

  it('takes away at its start the cgroups of Pods that are gone', async () => {
    await lab.create('kept', {});
    const kept = await lab.untilReady('kept');
    await lab.endAgent();
    const orphan = `${lab.cgroupRoot}/kubepods/besteffort/pod00000000-dead`;
    await lab.tree.create(orphan);
    expect(await lab.limitOf(orphan, 'weight')).toBeDefined();
    lab.startAgent();
    await vi.waitFor(async () => expect(await lab.limitOf(orphan, 'weight')).toBeUndefined(), WAIT);
    expect(await lab.limitOf(`${lab.cgroupRoot}/kubepods/besteffort/pod${kept.metadata.uid ?? ''}`, 'weight')).toBeDefined();
  });
});
