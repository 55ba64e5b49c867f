import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Node, Pod } from '@kybern/core/kinds';
import { createProcessRuntime } from '@kybern/runtime-cri/process';
import { createCluster } from 'kybern';
import { expect, it, vi } from 'vitest';
import { startDevicePlugin } from '../../kubelet/test/device-plugin-process.ts';

const GPU = 'nvidia.com/gpu';
const WAIT = { timeout: 30_000, interval: 50 };

it('a Pod that asks for two GPUs lands only where two are free, and gets them', { timeout: 90_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kybern-gpu-'));
  const runtimes = await Promise.all(['small', 'large'].map((name) => createProcessRuntime({ directory: join(folder, name, 'runtime'), anyImage: true })));
  const machineOf = (name: string) => ({ rootDirectory: join(folder, name, 'kubelet'), logDirectory: join(folder, name, 'logs') });
  const plugins: AsyncDisposable[] = [];
  try {
    await using cluster = await createCluster({
      nodes: ['small', 'large'].map((name, i) => ({ name, runtime: runtimes[i] as (typeof runtimes)[number], kubelet: { machine: machineOf(name) } })),
    });
    const { client } = cluster;
    for (const [name, ids] of [
      ['small', ['s-0']],
      ['large', ['l-0', 'l-1']],
    ] as const) {
      await mkdir(join(machineOf(name).rootDirectory, 'device-plugins'), { recursive: true });
      plugins.push(startDevicePlugin(join(machineOf(name).rootDirectory, 'device-plugins'), GPU, ids));
    }
    await vi.waitFor(async () => {
      const nodes = await client.list(Node);
      expect(Object.fromEntries(nodes.items.map(({ metadata, status }) => [metadata.name, status?.allocatable?.[GPU]]))).toEqual({ small: '1', large: '2' });
    }, WAIT);

    const create = (name: string) =>
      client.create(Pod, {
        metadata: { name, namespace: 'default' },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'app',
              image: 'app',
              command: ['sh', '-c', `echo "$FAKE_DEVICES" >${join(folder, name)}; exec sleep 1000`],
              resources: { limits: { [GPU]: '2' } },
            },
          ],
        },
      } as never);
    const running = (name: string): Promise<Pod> =>
      vi.waitFor(async () => {
        const pod = await client.get(Pod, { namespace: 'default', name });
        expect(pod.status?.phase, JSON.stringify(pod.status)).toBe('Running');
        return pod;
      }, WAIT);
    await create('first');
    expect((await running('first')).spec.nodeName).toBe('large');
    await create('second');
    await vi.waitFor(async () => {
      const { status } = await client.get(Pod, { namespace: 'default', name: 'second' });
      expect(status?.conditions?.find(({ type }) => type === 'PodScheduled')).toMatchObject({
        status: 'False',
        reason: 'Unschedulable',
        message: expect.stringContaining('2 Insufficient nvidia.com/gpu') as string,
      });
    }, WAIT);
    await client.delete(Pod, { namespace: 'default', name: 'first' });
    expect((await running('second')).spec.nodeName).toBe('large');
  } finally {
    for (const plugin of plugins) await plugin[Symbol.asyncDispose]();
    for (const runtime of runtimes) {
      for (const { id: podSandboxId } of (await runtime.listPodSandbox({})).items) await runtime.removePodSandbox({ podSandboxId });
      await runtime[Symbol.asyncDispose]();
    }
    await rm(folder, { recursive: true, force: true });
  }
});
