import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, ContainerUsage, NodeUsage, PodUsage } from '@kybern/core';
import { cpuNanoCores, machineWorkingSet, parseCpuUsage, parseNetworkUsage, workingSetBytes, type CpuSample } from '../decisions/cgroup-usage.ts';
import type { CgroupTree } from './cgroup-tree.ts';

/** A running container and where it is accounted. */
export interface AccountedContainer {
  readonly name: string;
  readonly cgroup: string;
}

/** A Pod whose containers run. */
export interface AccountedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** It is on the machine's network, which is not its own. */
  readonly hostNetwork: boolean;
  readonly containers: readonly AccountedContainer[];
}

/** Samples of the CPU are this far apart. @see kubernetes v1.36 pkg/kubelet/cadvisor/cadvisor_linux.go (defaultHousekeepingInterval) */
export const SAMPLE_MS = 10_000;
const MACHINE = '/';

/**
 * What Pods use, from the files of their cgroups: some microseconds for each, where the runtime takes milliseconds. The CPU is that between two samples at least a second apart.
 *
 * Reads synchronously: these files are in memory, and a thread for each would cost more than they do.
 */
export class UsageReader {
  readonly #tree: CgroupTree;
  readonly #clock: Clock;
  /** By cgroup: the sample before the last, and the last. */
  #samples = new Map<string, readonly [before: CpuSample | undefined, last: CpuSample]>();
  #sampledMs = -Infinity;

  constructor(tree: CgroupTree, clock: Clock) {
    this.#tree = tree;
    this.#clock = clock;
  }

  /** Takes a sample of the CPU, and forgets what is gone. To be called every {@link SAMPLE_MS}. */
  sample(pods: readonly AccountedPod[]): void {
    const atMs = this.#clock.monotonicMs();
    const samples = new Map<string, readonly [before: CpuSample | undefined, last: CpuSample]>();
    for (const cgroup of [MACHINE, ...pods.flatMap(({ containers }) => containers.map((each) => each.cgroup))]) {
      const usedNs = this.#cpuOf(cgroup);
      if (usedNs !== undefined) samples.set(cgroup, [this.#samples.get(cgroup)?.[1], { usedNs, atMs }]);
    }
    this.#samples = samples;
    this.#sampledMs = atMs;
  }

  /** What is used now; the CPU since the last sample that is at least a second old. */
  read(pods: readonly AccountedPod[]): NodeUsage {
    const atMs = this.#clock.monotonicMs();
    return {
      timeMs: this.#clock.now(),
      windowMs: Math.min(SAMPLE_MS, Math.max(1_000, atMs - this.#sampledMs)),
      cpuNanoCores: this.#rateOf(MACHINE, atMs),
      memoryBytes: machineWorkingSet(readText('/proc/meminfo') ?? ''),
      pods: pods.flatMap((pod) => this.#podUsage(pod, atMs)),
    };
  }

  #podUsage({ namespace, name, uid, hostNetwork, containers }: AccountedPod, atMs: number): readonly PodUsage[] {
    const used = containers.flatMap((container): readonly ContainerUsage[] => {
      const memoryBytes = this.#memoryOf(container.cgroup);
      return memoryBytes === undefined ? [] : [{ name: container.name, cpuNanoCores: this.#rateOf(container.cgroup, atMs), memoryBytes }];
    });
    const [first] = containers;
    if (used.length === 0 || first === undefined) return [];
    const network = hostNetwork ? undefined : this.#networkOf(first.cgroup);
    return [{ namespace, name, uid, containers: used, ...(network === undefined ? {} : { network }) }];
  }

  #rateOf(cgroup: string, atMs: number): number {
    const usedNs = this.#cpuOf(cgroup);
    const [before, last] = this.#samples.get(cgroup) ?? [];
    if (usedNs === undefined) return 0;
    // Made since the last sample: who asks again soon is not to wait for the next.
    if (last === undefined) this.#samples.set(cgroup, [undefined, { usedNs, atMs }]);
    return cpuNanoCores(last !== undefined && atMs - last.atMs >= 1_000 ? last : before, { usedNs, atMs });
  }

  #cpuOf(cgroup: string): number | undefined {
    const { version } = this.#tree;
    const text = version === 1 ? this.#file('cpuacct', cgroup, 'cpuacct.usage') : this.#file('', cgroup, 'cpu.stat');
    return text === undefined ? undefined : parseCpuUsage(version, text);
  }

  #memoryOf(cgroup: string): number | undefined {
    const { version } = this.#tree;
    const used = this.#file('memory', cgroup, version === 1 ? 'memory.usage_in_bytes' : 'memory.current');
    return used === undefined ? undefined : workingSetBytes(version, Number(used), this.#file('memory', cgroup, 'memory.stat') ?? '');
  }

  /** Any process of the Pod is on its network. */
  #networkOf(cgroup: string): PodUsage['network'] {
    const pid = Number.parseInt(this.#file('memory', cgroup, 'cgroup.procs') ?? '', 10);
    if (!(pid > 0)) return undefined;
    return parseNetworkUsage(readText(`/proc/${String(pid)}/net/dev`) ?? '');
  }

  #file(controller: string, cgroup: string, file: string): string | undefined {
    return readText(join(this.#tree.baseOf(controller), cgroup, file));
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it ended meanwhile
  }
}
