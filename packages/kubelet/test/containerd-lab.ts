import { basename, join } from 'node:path';
import { createApiServer, type ApiServer } from '@kybern/apiserver';
import type { DeepPartial } from '@kybern/core';
import { Event, Pod, type ContainerStatus, type PodSpec } from '@kybern/core/kinds';
import { createGrpcRuntime, type GrpcRuntime } from '@kybern/runtime-cri/grpc';
import { startContainerd, type ContainerdInstance } from '@kybern/runtime-cri/grpc/testing';
import { expect, vi } from 'vitest';
import { openCgroupTree, type CgroupTree } from '../src/cgroups/cgroup-tree.ts';
import { createKubelet, createLocalConnections, describeMachine, type KubeletOptions, type LocalConnections } from '../src/index.ts';

export const BUSYBOX = 'docker.io/library/busybox:1.36';
export const FOREVER = 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done';
export const WAIT = { timeout: 60_000, interval: 50 };

/** A node of this machine's containerd under an API server in memory: with cgroups of its own, and nothing left of it at the end. */
export class ContainerdLab {
  readonly connections: LocalConnections = createLocalConnections();
  instance!: ContainerdInstance;
  api!: ApiServer;
  runtime!: GrpcRuntime;
  tree!: CgroupTree;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** Once, before all tests. */
  async open(): Promise<void> {
    this.tree = await openCgroupTree();
    this.instance = await startContainerd();
  }

  async close(): Promise<void> {
    await this.instance?.[Symbol.asyncDispose]();
    if (this.instance !== undefined) await this.tree.remove(this.cgroupRoot);
  }

  get cgroupRoot(): string {
    return `/${basename(this.instance.folder)}`;
  }

  /** Before each test. */
  async begin(options: Partial<KubeletOptions> = {}): Promise<void> {
    this.api = await createApiServer({ nodes: this.connections });
    this.startAgent(options);
  }

  startAgent(options: Partial<KubeletOptions> = {}): void {
    const { folder, endpoint } = this.instance;
    this.#stop = new AbortController();
    this.runtime = createGrpcRuntime({ endpoint });
    const machine = { rootDirectory: join(folder, 'kubelet'), logDirectory: join(folder, 'logs'), cgroups: true, cgroupRoot: this.cgroupRoot };
    const kubelet = createKubelet({ name: 'here', client: this.api.client, runtime: this.runtime, machine, ...describeMachine(), ...options });
    this.connections.add(kubelet);
    this.#running = kubelet.run(this.#stop.signal);
  }

  async endAgent(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.runtime[Symbol.dispose]();
  }

  /** After each test. */
  async end(): Promise<void> {
    await this.endAgent();
    using cleaner = createGrpcRuntime({ endpoint: this.instance.endpoint });
    for (const { id: podSandboxId } of (await cleaner.listPodSandbox({})).items) {
      await cleaner.stopPodSandbox({ podSandboxId });
      await cleaner.removePodSandbox({ podSandboxId });
    }
    await this.api[Symbol.asyncDispose]();
  }

  create(name: string, container: object, spec: DeepPartial<PodSpec> = {}): Promise<Pod> {
    return this.api.client.create(Pod, {
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName: 'here',
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'app', image: BUSYBOX, command: ['sh', '-c', FOREVER], ...container }],
        ...spec,
      },
    } as never);
  }

  until(name: string, holds: (pod: Pod) => boolean): Promise<Pod> {
    return vi.waitFor(async () => {
      const pod = await this.api.client.get(Pod, name);
      expect(holds(pod), JSON.stringify(pod.status)).toBe(true);
      return pod;
    }, WAIT);
  }

  untilReady(name: string): Promise<Pod> {
    return this.until(name, isReady);
  }

  async sh(pod: Pod, script: string, container = 'app'): Promise<string> {
    const where = { node: 'here', namespace: 'default', name: pod.metadata.name, uid: pod.metadata.uid ?? '', container };
    const { stdout } = await this.connections.exec(where, { command: ['sh', '-c', script], stdout: true });
    return new Response(stdout as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  }

  async log(pod: Pod, container = 'app'): Promise<string> {
    const where = { node: 'here', namespace: 'default', name: pod.metadata.name, uid: pod.metadata.uid ?? '', container };
    return new Response((await this.connections.logs(where, {})) as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  }

  async messages(): Promise<readonly string[]> {
    return (await this.api.client.list(Event, { namespace: 'default' })).items.map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
  }

  /** One limit of a cgroup, whatever the version has it in: CPU shares or weight, quota in µs, memory in bytes; undefined when there is no such cgroup, Infinity when there is no limit. */
  async limitOf(path: string, what: 'weight' | 'quota' | 'memory'): Promise<number | undefined> {
    const files =
      this.tree.version === 2
        ? { weight: 'cpu.weight', quota: 'cpu.max', memory: 'memory.max' }
        : { weight: 'cpu.shares', quota: 'cpu.cfs_quota_us', memory: 'memory.limit_in_bytes' };
    const [text] = (await this.tree.read(path, what === 'memory' ? 'memory' : 'cpu', files[what]))?.trim().split(' ') ?? [];
    if (text === undefined) return undefined;
    const value = Number(text);
    return text === 'max' || value < 0 || value > 2 ** 60 ? Infinity : value;
  }
}

export const isReady = ({ status }: Pod): boolean => status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
export const statusOf = ({ status }: Pod): ContainerStatus | undefined => status?.containerStatuses?.[0];
