import { compareQuantities } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import { podLimits, podRequests, type Amounts } from './pod-requests.ts';
import { computeQosClass } from './qos.ts';
import { isSidecar } from './restart-policy.ts';

/** What a cgroup may use. What is unset is not limited. */
export interface CgroupLimits {
  /** Of the CPU beside its siblings: 1024 for one CPU. 2 is the least there is. */
  readonly cpuShares: number;
  /** How much CPU time of every {@link CPU_PERIOD_US}. */
  readonly cpuQuotaUs?: number;
  readonly memoryBytes?: number;
  /** How many processes and threads. Unset: as before. */
  readonly pids?: number;
}

/** The span that CPU quotas are of. */
export const CPU_PERIOD_US = 100_000;
const MIN_QUOTA_US = 1_000;
const SHARES_PER_CPU = 1024;
/** The least that a cgroup can have. */
export const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** The shares of so many CPUs. @see kubernetes v1.36 pkg/kubelet/cm/helpers_linux.go (MilliCPUToShares) */
export function cpuSharesOf(cpus: number): number {
  const millis = Math.ceil(cpus * 1000 - 1e-6);
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((millis * SHARES_PER_CPU) / 1000)));
}

/** The quota of so many CPUs. @see kubernetes v1.36 pkg/kubelet/cm/helpers_linux.go (MilliCPUToQuota) */
export function cpuQuotaOf(cpus: number): number {
  return Math.max(MIN_QUOTA_US, (Math.ceil(cpus * 1000 - 1e-6) * CPU_PERIOD_US) / 1000);
}

/**
 * What a Pod's cgroup is given: the CPU that it asked for, and as limits those of its containers together, unless one of them has none. Limits of the Pod as a whole hold for it whatever its containers say.
 *
 * @see kubernetes v1.36 pkg/kubelet/cm/helpers_linux.go (ResourceConfigForPod)
 */
export function computePodCgroupLimits(pod: Pod): CgroupLimits {
  if (computeQosClass(pod) === 'BestEffort') return { cpuShares: MIN_SHARES };
  const limits = podLimits(pod);
  const cpuShares = cpuSharesOf(podRequests(pod)['cpu'] ?? 0);
  const cpu = isLimited(pod, 'cpu') ? limits['cpu'] : undefined;
  const memory = isLimited(pod, 'memory') ? limits['memory'] : undefined;
  return {
    cpuShares,
    ...(cpu === undefined ? {} : { cpuQuotaUs: cpuQuotaOf(cpu) }),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
  };
}

/** Whether all that runs in the Pod for long has a limit, or the Pod as a whole. */
function isLimited({ spec }: Pod, resource: 'cpu' | 'memory'): boolean {
  if (isSet(spec.resources?.limits?.[resource])) return true;
  const isUnlimited = ({ resources }: Container): boolean => !isSet(resources?.limits?.[resource]);
  return !spec.containers.some(isUnlimited) && !(spec.initContainers ?? []).some((container) => isSidecar(container) && isUnlimited(container));
}

const isSet = (quantity: string | undefined): boolean => quantity !== undefined && compareQuantities(quantity, '0') > 0;

/** What the cgroups of the classes are given: all Pods what the node has for Pods; the Burstable ones what they asked for; the BestEffort ones what is left over. */
export interface QosLimits {
  readonly root: CgroupLimits;
  readonly burstable: CgroupLimits;
  readonly besteffort: CgroupLimits;
}

/**
 * @param burstableCpus what the Burstable Pods of the node ask for
 * @see kubernetes v1.36 pkg/kubelet/cm/qos_container_manager_linux.go (setCPUCgroupConfig), node_container_manager_linux.go (enforceNodeAllocatableCgroups)
 */
export function computeQosLimits(allocatable: Amounts, burstableCpus: number): QosLimits {
  const { cpu = 0, memory } = allocatable;
  return {
    root: { cpuShares: cpuSharesOf(cpu), ...(memory === undefined || memory <= 0 ? {} : { memoryBytes: memory }) },
    burstable: { cpuShares: cpuSharesOf(burstableCpus) },
    besteffort: { cpuShares: MIN_SHARES },
  };
}

/** One file of a cgroup and what is written into it. `controller` is the hierarchy of cgroup v1 that it is in, empty with v2. */
export interface CgroupFile {
  readonly controller: '' | 'cpu' | 'memory' | 'pids';
  readonly file: string;
  readonly value: string;
}

/**
 * The files that say what a cgroup may use.
 *
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
 */
export function computeCgroupFiles(version: 1 | 2, { cpuShares, cpuQuotaUs, memoryBytes, pids }: CgroupLimits): readonly CgroupFile[] {
  const processes = pids === undefined ? [] : [{ controller: version === 2 ? ('' as const) : ('pids' as const), file: 'pids.max', value: String(pids) }];
  if (version === 2) {
    return [
      { controller: '', file: 'cpu.weight', value: String(cpuWeightOf(cpuShares)) },
      { controller: '', file: 'cpu.max', value: `${cpuQuotaUs === undefined ? 'max' : String(cpuQuotaUs)} ${String(CPU_PERIOD_US)}` },
      { controller: '', file: 'memory.max', value: memoryBytes === undefined ? 'max' : String(Math.floor(memoryBytes)) },
      ...processes,
    ];
  }
  return [
    { controller: 'cpu', file: 'cpu.shares', value: String(cpuShares) },
    { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(CPU_PERIOD_US) },
    { controller: 'cpu', file: 'cpu.cfs_quota_us', value: cpuQuotaUs === undefined ? '-1' : String(cpuQuotaUs) },
    { controller: 'memory', file: 'memory.limit_in_bytes', value: memoryBytes === undefined ? '-1' : String(Math.floor(memoryBytes)) },
    ...processes,
  ];
}

/**
 * The weight of cgroup v2 for shares of v1: 1 for the least, 100 (the default) for one CPU, 10,000 for the most, and smooth between them, as runc and crun have it for the containers below.
 *
 * @see opencontainers/cgroups utils.go (ConvertCPUSharesToCgroupV2Value)
 */
export function cpuWeightOf(shares: number): number {
  if (shares <= MIN_SHARES) return 1;
  if (shares >= MAX_SHARES) return 10_000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}
