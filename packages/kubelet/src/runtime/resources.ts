import { quantityToBytes, quantityToNumber } from '@kybern/core';
import type { Container, Pod } from '@kybern/core/kinds';
import type { cri } from '@kybern/runtime-cri';
import { CPU_PERIOD_US, cpuQuotaOf, cpuSharesOf, MIN_SHARES, type CgroupLimits } from '../decisions/cgroup-limits.ts';
import { computeQosClass } from '../decisions/qos.ts';

/** What {@link containerResources} is told of the node. */
export interface NodeMemory {
  /** What the node can give, for whom to end first when it runs short. */
  readonly memoryBytes: number;
  readonly cgroupVersion?: 1 | 2 | undefined;
}

/**
 * What a container may use, in the words of the runtime. A container without a limit may use what its Pod as a whole may.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_container_linux.go (generateLinuxContainerResources)
 */
export function containerResources(pod: Pod, container: Container, { memoryBytes, cgroupVersion }: NodeMemory): cri.LinuxContainerResources {
  return {
    ...criResources(computeContainerLimits(pod, container)),
    oomScoreAdj: oomScoreAdjust(pod, container, memoryBytes),
    // A container ends as a whole when one of its processes has to.
    ...(cgroupVersion === 2 ? { unified: { 'memory.oom.group': '1' } } : {}),
  };
}

/** What a container's cgroup is given. One CPU is 1024 shares, and 100 ms of every 100 ms. */
export function computeContainerLimits({ spec }: Pod, { resources }: Container): CgroupLimits {
  const cpuRequest = resources?.requests?.['cpu'] ?? resources?.limits?.['cpu'];
  const cpuLimit = resources?.limits?.['cpu'] ?? spec.resources?.limits?.['cpu'];
  const memoryLimit = resources?.limits?.['memory'] ?? spec.resources?.limits?.['memory'];
  return {
    cpuShares: cpuRequest === undefined ? MIN_SHARES : cpuSharesOf(quantityToNumber(cpuRequest)),
    ...(cpuLimit === undefined ? {} : { cpuQuotaUs: cpuQuotaOf(quantityToNumber(cpuLimit)) }),
    ...(memoryLimit === undefined ? {} : { memoryBytes: quantityToBytes(memoryLimit) }),
  };
}

/** The limits of a cgroup in the words of the runtime. */
export function criResources({ cpuShares, cpuQuotaUs, memoryBytes }: CgroupLimits): cri.LinuxContainerResources {
  return {
    cpuShares,
    ...(cpuQuotaUs === undefined ? {} : { cpuPeriod: CPU_PERIOD_US, cpuQuota: cpuQuotaUs }),
    ...(memoryBytes === undefined ? {} : { memoryLimitInBytes: Math.floor(memoryBytes) }),
  };
}

/** What of a Burstable container's memory the kernel weighs when it runs short: between these. */
const OOM = { guaranteed: -997, bestEffort: 1000, least: 3, most: 999 } as const;

/**
 * Whom the kernel ends first when memory runs short. What a Pod as a whole asks for beyond its containers is shared among them.
 *
 * @see kubernetes v1.36 pkg/kubelet/qos/policy.go (GetContainerOOMScoreAdjust)
 */
export function oomScoreAdjust(pod: Pod, container: Container, memoryBytes: number): number {
  const qos = computeQosClass(pod);
  if (qos === 'Guaranteed') return OOM.guaranteed;
  if (qos === 'BestEffort' || memoryBytes <= 0) return OOM.bestEffort;
  const whole = pod.spec.resources?.requests?.['memory'];
  const containers = pod.spec.containers;
  const spare = whole === undefined ? 0 : Math.max(0, quantityToBytes(whole) - containers.reduce((sum, each) => sum + requestOf(each), 0)) / containers.length;
  const score = 1000 - Math.floor((1000 * (requestOf(container) + spare)) / memoryBytes);
  return Math.min(OOM.most, Math.max(OOM.least, score));
}

function requestOf({ resources }: Container): number {
  const request = resources?.requests?.['memory'] ?? resources?.limits?.['memory'];
  return request === undefined ? 0 : quantityToBytes(request);
}
