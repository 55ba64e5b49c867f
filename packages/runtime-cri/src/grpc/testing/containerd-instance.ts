import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, openSync, closeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { randomInt, sleep, systemClock, systemRandom } from '@kybern/core';
import { createGrpcRuntime, type GrpcRuntime } from '../grpc-runtime.ts';
import { containerdConfig, networkConfig, registryHosts, type ContainerdNetwork, type ContainerdPaths } from './containerd-config.ts';
import { startImageRegistry, type ImageRegistry } from './image-registry.ts';
import { testImages } from './test-images.ts';

/** A real containerd with a registry beside it, for tests: own root, state, socket and network. */
export interface ContainerdInstance extends AsyncDisposable {
  /** Such as `unix:///tmp/…/containerd.sock`. */
  readonly endpoint: string;
  readonly folder: string;
  readonly registry: ImageRegistry;
  /** Sends a signal to the daemon; resolves once it is gone. Containers go on. */
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it again, with what it has; resolves once it answers. */
  start(): Promise<void>;
}

/** What {@link startContainerd} needs, as it was found. */
export interface ContainerdTools {
  readonly containerd: string;
  readonly busybox: string;
  readonly pluginDirectory: string;
}

const PLUGIN_DIRECTORIES = ['/usr/lib/cni', '/opt/cni/bin'];
const START_MS = 30_000;
const run = promisify(execFile);

/** Finds what a containerd of one's own needs. @returns why there can be none, when there is something missing */
export function findContainerd(): ContainerdTools | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: 'containers need Linux' };
  if (process.getuid?.() !== 0) return { missing: 'starting containerd needs root' };
  const containerd = onPath('containerd');
  const busybox = onPath('busybox');
  const pluginDirectory = PLUGIN_DIRECTORIES.find((folder) => isExecutable(join(folder, 'bridge')));
  if (containerd === undefined || onPath('runc') === undefined)
    return { missing: 'there is no containerd with runc on the PATH: scripts/prepare-debian.sh installs them' };
  if (busybox === undefined) return { missing: 'there is no busybox on the PATH: scripts/prepare-debian.sh installs a static one' };
  if (pluginDirectory === undefined) return { missing: 'there are no CNI plugins: scripts/prepare-debian.sh installs them' };
  return { containerd, busybox, pluginDirectory };
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not to be run
  }
}

/** Starts a containerd of its own, and resolves once it answers. @throws {Error} when something is missing, or it does not come up */
export async function startContainerd(): Promise<ContainerdInstance> {
  const tools = findContainerd();
  if ('missing' in tools) throw new Error(tools.missing);
  const folder = await mkdtemp(join(tmpdir(), 'kybern-ctd-'));
  const random = systemRandom();
  const [first, second] = [200 + randomInt(random, 50), randomInt(random, 250)];
  const network: ContainerdNetwork = { bridge: `kyb${String(first)}x${String(second)}`, subnet: `10.${String(first)}.${String(second)}.0/24` };
  const registry = await startImageRegistry(testImages(tools.busybox));
  const instance = new Instance({ folder, socket: join(folder, 'containerd.sock') }, { tools, network, registry });
  try {
    await instance.prepare();
    await instance.start();
    return instance;
  } catch (error) {
    await instance[Symbol.asyncDispose]();
    throw error;
  }
}

class Instance implements ContainerdInstance {
  readonly registry: ImageRegistry;
  readonly #paths: ContainerdPaths;
  readonly #tools: ContainerdTools;
  readonly #network: ContainerdNetwork;
  readonly #clock = systemClock();
  #process: ChildProcess | undefined;

  constructor(paths: ContainerdPaths, { tools, network, registry }: { tools: ContainerdTools; network: ContainerdNetwork; registry: ImageRegistry }) {
    this.#paths = paths;
    this.#tools = tools;
    this.#network = network;
    this.registry = registry;
  }

  get endpoint(): string {
    return `unix://${this.#paths.socket}`;
  }

  get folder(): string {
    return this.#paths.folder;
  }

  async prepare(): Promise<void> {
    const { folder } = this.#paths;
    for (const each of ['cni', 'certs.d/_default']) await mkdir(join(folder, each), { recursive: true });
    await writeFile(join(folder, 'config.toml'), containerdConfig({ paths: this.#paths, pluginDirectory: this.#tools.pluginDirectory }));
    await writeFile(join(folder, 'cni', '10-test.conflist'), networkConfig(this.#paths, this.#network));
    await writeFile(join(folder, 'certs.d', '_default', 'hosts.toml'), registryHosts(this.registry.url));
  }

  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'containerd.log'), 'a');
    const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
    const child = spawn(this.#tools.containerd, ['-c', join(this.folder, 'config.toml')], { stdio: ['ignore', log, log], detached: true, env });
    closeSync(log);
    child.on('error', () => undefined);
    child.unref();
    this.#process = child;
    const runtime = createGrpcRuntime({ endpoint: this.endpoint });
    try {
      await this.#untilReady(runtime, child);
    } finally {
      runtime[Symbol.dispose]();
    }
  }

  async #untilReady(runtime: GrpcRuntime, child: ChildProcess): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + START_MS;
    for (;;) {
      try {
        const { status } = await runtime.status({});
        if (status?.conditions.every((condition) => condition.status) === true) return;
      } catch (error) {
        if (child.exitCode !== null || child.pid === undefined) throw new Error(`containerd ended: ${await this.#logTail()}`, { cause: error });
      }
      if (this.#clock.monotonicMs() > deadlineMs) throw new Error(`containerd does not come up: ${await this.#logTail()}`);
      await sleep(this.#clock, 20);
    }
  }

  async #logTail(): Promise<string> {
    const log = await readFile(join(this.folder, 'containerd.log'), 'utf8').catch(() => '');
    return log.slice(-2000);
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#process !== undefined) await this.#removePods();
    } finally {
      await this.kill('SIGTERM');
      await this.registry[Symbol.asyncDispose]();
      await this.#endShims();
      await this.#unmount();
      await run('ip', ['link', 'delete', this.#network.bridge]).catch(() => undefined); // there is none when no Pod had a network
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  async #removePods(): Promise<void> {
    const runtime = createGrpcRuntime({ endpoint: this.endpoint });
    try {
      const { items } = await runtime.listPodSandbox({});
      for (const { id: podSandboxId } of items) {
        await runtime.stopPodSandbox({ podSandboxId });
        await runtime.removePodSandbox({ podSandboxId });
      }
    } catch {
      // It does not answer any more. What it leaves behind is ended below.
    } finally {
      runtime[Symbol.dispose]();
    }
  }

  /** Shims that lost their containerd, and the processes that they have. */
  async #endShims(): Promise<void> {
    const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args=']);
    const processes = stdout.split('\n').flatMap((line) => {
      const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args }];
    });
    const shims = processes.filter(({ args }) => args.includes('containerd-shim') && args.includes(this.#paths.socket));
    const owned = [...shims];
    for (const each of owned) owned.push(...processes.filter(({ parent }) => parent === each.pid));
    for (const { pid } of owned) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    }
  }

  async #unmount(): Promise<void> {
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
    const own = mounts.filter((path) => path.startsWith(`${this.folder}/`)).sort((a, b) => b.length - a.length);
    for (const path of own) await run('umount', ['-l', path]).catch(() => undefined); // gone with a parent
  }
}
