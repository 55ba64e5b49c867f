import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { createApiServer, type ApiServer } from '@kybern/apiserver';
import type { DeepPartial } from '@kybern/core';
import { ConfigMap, Event, Pod, Secret, type PodSpec } from '@kybern/core/kinds';
import { createGrpcRuntime, type GrpcRuntime } from '@kybern/runtime-cri/grpc';
import { describeContainerd, startContainerd, type ContainerdInstance } from '@kybern/runtime-cri/grpc/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { openCgroupTree } from '../src/cgroups/cgroup-tree.ts';
import { createKubelet, createLocalConnections, describeMachine } from '../src/index.ts';

const run = promisify(execFile);
const WAIT = { timeout: 60_000, interval: 50 };
const IMAGE = 'docker.io/library/busybox:1.36';
const FOREVER = 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done';

describeContainerd('a node whose containers are those of containerd', () => {
  let instance: ContainerdInstance;
  let api: ApiServer;
  let runtime: GrpcRuntime;
  let stop: AbortController;
  let running: Promise<void>;
  const connections = createLocalConnections();
  const cgroupRoot = (): string => `/${basename(instance.folder)}`;

  const startAgent = (): void => {
    stop = new AbortController();
    runtime = createGrpcRuntime({ endpoint: instance.endpoint });
    const machine = { rootDirectory: join(instance.folder, 'kubelet'), logDirectory: join(instance.folder, 'logs'), cgroups: true, cgroupRoot: cgroupRoot() };
    const kubelet = createKubelet({ name: 'here', client: api.client, runtime, machine, ...describeMachine() });
    connections.add(kubelet);
    running = kubelet.run(stop.signal);
  };
  const endAgent = async (): Promise<void> => {
    stop.abort();
    await running;
    runtime[Symbol.dispose]();
  };

  beforeAll(async () => {
    instance = await startContainerd();
  }, 60_000);
  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
    if (instance !== undefined) await (await openCgroupTree()).remove(cgroupRoot());
  }, 120_000);
  beforeEach(async () => {
    api = await createApiServer({ nodes: connections });
    startAgent();
  });
  afterEach(async () => {
    await endAgent();
    using cleaner = createGrpcRuntime({ endpoint: instance.endpoint });
    for (const { id: podSandboxId } of (await cleaner.listPodSandbox({})).items) {
      await cleaner.stopPodSandbox({ podSandboxId });
      await cleaner.removePodSandbox({ podSandboxId });
    }
    await api[Symbol.asyncDispose]();
  }, 60_000);

  const create = (name: string, container: object, spec: DeepPartial<PodSpec> = {}): Promise<Pod> =>
    api.client.create(Pod, {
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName: 'here',
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'app', image: IMAGE, command: ['sh', '-c', FOREVER], ...container }],
        ...spec,
      },
    } as never);
  const until = (name: string, holds: (pod: Pod) => boolean): Promise<Pod> =>
    vi.waitFor(async () => {
      const pod = await api.client.get(Pod, name);
      expect(holds(pod), JSON.stringify(pod.status)).toBe(true);
      return pod;
    }, WAIT);
  const isReady = ({ status }: Pod): boolean => status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  const stateOf = ({ status }: Pod) => status?.containerStatuses?.[0];
  const sh = async (pod: Pod, script: string): Promise<string> => {
    const where = { node: 'here', namespace: 'default', name: pod.metadata.name, uid: pod.metadata.uid ?? '', container: 'app' };
    const { stdout } = await connections.exec(where, { command: ['sh', '-c', script], stdout: true });
    return new Response(stdout as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  };
  const cgroupsOf = async (pod: Pod): Promise<readonly string[]> => {
    const found: string[] = [];
    const base = '/sys/fs/cgroup';
    for (const controller of ['', ...(await readdir(base))]) {
      for (const qos of ['', 'burstable', 'besteffort']) {
        const folder = join(base, controller, cgroupRoot(), 'kubepods', qos, `pod${pod.metadata.uid ?? ''}`);
        if (
          await readdir(folder).then(
            () => true,
            () => false,
          )
        )
          found.push(folder);
      }
    }
    return found;
  };
  const pidOf = async (pod: Pod): Promise<number> => {
    const containerId = stateOf(pod)?.containerID?.replace('containerd://', '') ?? '';
    const { info } = await runtime.containerStatus({ containerId, verbose: true });
    return (JSON.parse(info?.['info'] ?? '{}') as { pid: number }).pid;
  };

  it('runs a Pod with volumes, users, limits and hosts, and leaves nothing of it', async () => {
    await api.client.create(ConfigMap, { metadata: { name: 'settings', namespace: 'default' }, data: { key: 'value' } });
    const made = await create(
      'whole',
      {
        env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
        securityContext: { runAsUser: 1000, runAsGroup: 1000, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        resources: { limits: { memory: '64Mi', cpu: '500m' } },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/config' },
          { name: 'fast', mountPath: '/fast' },
        ],
      },
      {
        volumes: [
          { name: 'config', configMap: { name: 'settings' } },
          { name: 'fast', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        ],
      },
    );
    const pod = await until('whole', isReady);
    expect(await sh(pod, 'cat /etc/config/key; echo; id -u; touch /no 2>&1; touch /fast/yes && echo written; grep CapEff /proc/self/status')).toMatch(
      /^value\n1000\ntouch: \/no: Read-only file system\nwritten\nCapEff:\t0+\n$/,
    );
    expect(await sh(pod, 'cat /etc/hosts')).toContain(`${pod.status?.podIP ?? ''}\twhole`);
    expect((await sh(pod, 'echo "$IP"')).trim()).toBe(pod.status?.podIP);
    expect(await sh(pod, 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null')).toContain(String(64 * 2 ** 20));
    expect(await cgroupsOf(made)).not.toEqual([]);
    await api.client.delete(Pod, 'whole');
    await vi.waitFor(async () => {
      expect((await runtime.listPodSandbox({})).items).toEqual([]);
      expect(await cgroupsOf(made)).toEqual([]);
      await expect(readdir(join(instance.folder, 'kubelet/pods', made.metadata.uid ?? ''))).rejects.toThrow('ENOENT');
    }, WAIT);
  });

  it('says OOMKilled of a container that takes more memory than it may', async () => {
    await create('greedy', { command: ['sh', '-c', 'x=x; while :; do x=$x$x; done'], resources: { limits: { memory: '16Mi' } } }, { restartPolicy: 'Never' });
    const pod = await until('greedy', ({ status }) => status?.phase === 'Failed');
    expect(stateOf(pod)?.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
  });

  it('pulls with the secrets of the Pod, and says why it cannot', async () => {
    instance.registry.users = { robot: 'pass' };
    try {
      await create('private', { image: 'docker.io/library/other:1' });
      await until('private', (pod) => ['ErrImagePull', 'ImagePullBackOff'].includes(stateOf(pod)?.state?.waiting?.reason ?? ''));
      const auths = { 'https://index.docker.io/v1/': { username: 'robot', password: 'pass' } };
      await api.client.create(Secret, {
        metadata: { name: 'pull', namespace: 'default' },
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
      });
      await create('known', { image: 'docker.io/library/other:1' }, { imagePullSecrets: [{ name: 'pull' }] });
      await until('known', isReady);
    } finally {
      instance.registry.users = {};
    }
  });

  it.each(['refuse', 'lie'] as const)('survives a registry that does %s', async (fault) => {
    const image = 'docker.io/library/other:2';
    await runtime.removeImage({ image: { image: 'docker.io/library/other:1' } });
    await runtime.removeImage({ image: { image } });
    instance.registry.fault = fault;
    try {
      await create('pulled', { image });
      await until('pulled', (pod) => ['ErrImagePull', 'ImagePullBackOff'].includes(stateOf(pod)?.state?.waiting?.reason ?? ''));
      const { items } = await api.client.list(Event, { namespace: 'default' });
      expect(items.map(({ message }) => message ?? '')).toContainEqual(expect.stringContaining(`Failed to pull image "${image}"`));
    } finally {
      instance.registry.fault = undefined;
    }
    await until('pulled', isReady);
  });

  it('loses nothing when containerd is killed, and learns what ended meanwhile', async () => {
    await create('stays', {});
    await create('ends', {}, { restartPolicy: 'Never' });
    const stays = await until('stays', isReady);
    const pid = await pidOf(await until('ends', isReady));
    await instance.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await instance.start();
    const ended = await until('ends', ({ status }) => status?.phase === 'Failed');
    expect(stateOf(ended)?.state?.terminated?.exitCode).toBe(137);
    expect((await sh(stays, 'echo still here')).trim()).toBe('still here');
    expect(stateOf(await api.client.get(Pod, 'stays'))?.restartCount).toBe(0);
  });

  it('goes on with what runs after the agent was restarted', async () => {
    await create('kept', {});
    const before = stateOf(await until('kept', isReady))?.containerID;
    await endAgent();
    startAgent();
    await until('kept', isReady);
    await vi.waitFor(async () => expect((await sh(await api.client.get(Pod, 'kept'), 'echo yes')).trim()).toBe('yes'), WAIT);
    expect(stateOf(await api.client.get(Pod, 'kept'))).toMatchObject({ containerID: before, restartCount: 0 });
  });

  it('makes a Pod anew whose shim was killed', async () => {
    await create('shim', {});
    const pod = await until('shim', isReady);
    const { stdout } = await run('ps', ['-o', 'ppid=', '-p', String(await pidOf(pod))]);
    process.kill(Number(stdout), 'SIGKILL');
    const after = await until('shim', (now) => isReady(now) && stateOf(now)?.containerID !== stateOf(pod)?.containerID);
    expect(stateOf(after)?.restartCount).toBe(1);
  });
});
