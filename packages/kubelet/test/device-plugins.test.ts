import { Node, Pod } from '@kybern/core/kinds';
import { join } from 'node:path';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { createProcessRuntime, type ProcessRuntime } from '@kybern/runtime-cri/process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKubelet, createLocalConnections } from '../src/index.ts';
import { startDevicePlugin, type DevicePluginProcess } from './device-plugin-process.ts';

const GPU = 'nvidia.com/gpu';
const WAIT = { timeout: 20_000, interval: 25 };

describe('devices of plugins', { timeout: 60_000 }, () => {
  let folder: string;
  let api: ApiServer;
  let runtime: ProcessRuntime;
  let plugin: DevicePluginProcess;
  let stop: AbortController;
  let running: Promise<void>;
  const connections = createLocalConnections();

  const start = async (): Promise<void> => {
    runtime = await createProcessRuntime({ directory: join(folder, 'runtime'), anyImage: true });
    stop = new AbortController();
    const machine = { rootDirectory: join(folder, 'kubelet'), logDirectory: join(folder, 'logs') };
    const kubelet = createKubelet({ name: 'here', client: api.client, runtime, machine });
    connections.add(kubelet);
    running = kubelet.run(stop.signal);
  };
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
    await runtime[Symbol.asyncDispose]();
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-dev-'));
    api = await createApiServer({ nodes: connections });
    await mkdir(join(folder, 'kubelet/device-plugins'), { recursive: true });
    await start();
    plugin = startDevicePlugin(join(folder, 'kubelet/device-plugins'), GPU, ['gpu-0', 'gpu-1', 'gpu-2']);
    await untilGpus('3', '3');
  });
  afterEach(async () => {
    await plugin[Symbol.asyncDispose]();
    for (const { id: podSandboxId } of (await runtime.listPodSandbox({})).items) await runtime.removePodSandbox({ podSandboxId });
    await end();
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const untilGpus = (capacity: string | undefined, allocatable: string | undefined): Promise<void> =>
    vi.waitFor(async () => {
      const { status } = await api.client.get(Node, 'here');
      expect([status?.capacity?.[GPU], status?.allocatable?.[GPU]]).toEqual([capacity, allocatable]);
    }, WAIT);
  const create = (name: string, count: number, over: object = {}) =>
    api.client.create(Pod, {
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName: 'here',
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        restartPolicy: 'Never',
        containers: [
          { name: 'app', image: 'app', command: ['sh', '-c', 'echo "$FAKE_DEVICES"; exec sleep 1000'], resources: { limits: { [GPU]: String(count) } } },
        ],
        ...over,
      },
    } as never);
  const until = (name: string, phase: string): Promise<Pod> =>
    vi.waitFor(async () => {
      const pod = await api.client.get(Pod, name);
      expect(pod.status?.phase, JSON.stringify(pod.status)).toBe(phase);
      return pod;
    }, WAIT);
  const devicesOf = (pod: Pod): Promise<string> =>
    vi.waitFor(async () => {
      const stream = await connections.logs({ node: 'here', namespace: 'default', name: pod.metadata.name, uid: pod.metadata.uid ?? '', container: 'app' }, {});
      const text = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
      expect(text).toContain('\n');
      return text.trim();
    }, WAIT);

  it('are given to containers, those that the plugin prefers, and to nobody else meanwhile', async () => {
    await create('two', 2);
    expect(await devicesOf(await until('two', 'Running'))).toBe('gpu-1,gpu-2');
    expect(plugin.lines).toEqual(['registered', 'allocate gpu-1,gpu-2', 'prestart gpu-1,gpu-2']);
    await create('too-many', 2);
    expect((await until('too-many', 'Failed')).status).toMatchObject({
      reason: 'OutOfnvidia.com/gpu',
      message: "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 2, used: 2, capacity: 3",
    });
    await create('one', 1);
    expect(await devicesOf(await until('one', 'Running'))).toBe('gpu-0');
    await api.client.delete(Pod, 'two');
    await vi.waitFor(() => expect(api.client.get(Pod, 'two')).rejects.toMatchObject({ reason: 'NotFound' }), WAIT);
    await create('again', 2);
    expect(await devicesOf(await until('again', 'Running'))).toBe('gpu-1,gpu-2');
  });

  it('count as long as they are healthy and their plugin is there', async () => {
    plugin.tell('gpu-1 Unhealthy');
    await untilGpus('3', '2');
    plugin.tell('gpu-1 Healthy');
    await untilGpus('3', '3');
    await plugin[Symbol.asyncDispose]();
    await untilGpus('3', '0');
    await create('none', 1);
    expect((await until('none', 'Failed')).status?.reason).toBe('OutOfnvidia.com/gpu');
    plugin = startDevicePlugin(join(folder, 'kubelet/device-plugins'), GPU, ['gpu-7']);
    await untilGpus('1', '1');
  });

  it('stay with their containers while the agent is away, and the plugin registers again', async () => {
    await create('kept', 2);
    const before = await until('kept', 'Running');
    await end();
    await start();
    await vi.waitFor(() => expect(plugin.lines.filter((line) => line === 'registered').length).toBeGreaterThan(1), WAIT);
    await untilGpus('3', '3');
    await create('other', 1);
    expect(await devicesOf(await until('other', 'Running'))).toBe('gpu-0');
    expect((await api.client.get(Pod, 'kept')).status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
    expect(plugin.lines.filter((line) => line.startsWith('allocate'))).toEqual(['allocate gpu-1,gpu-2', 'allocate gpu-0']);
  });

  it('of an init container go on to the containers after it', async () => {
    const resources = { limits: { [GPU]: '3' } };
    await create('passed-on', 3, { initContainers: [{ name: 'init', image: 'app', command: ['true'], resources }] });
    await until('passed-on', 'Running');
    expect(plugin.lines.filter((line) => line.startsWith('allocate'))).toEqual(['allocate gpu-0,gpu-1,gpu-2', 'allocate gpu-0,gpu-1,gpu-2']);
  });
});
