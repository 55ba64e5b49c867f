import type { ContainerUsage, NodeUsage, PodUsage } from '@kybern/core';
import type { cri } from '@kybern/runtime-cri';
import { LABELS } from '../runtime/labels.ts';

/** What the sandboxes of a node use, per Pod and container, and in all. */
export function computeUsage(stats: readonly cri.PodSandboxStats[], nowMs: number): NodeUsage {
  const pods = stats.flatMap((each) => podUsage(each));
  const sum = (pick: (container: ContainerUsage) => number): number =>
    pods.reduce((total, pod) => total + pod.containers.reduce((of, each) => of + pick(each), 0), 0);
  return { timeMs: nowMs, windowMs: 10_000, cpuNanoCores: sum((each) => each.cpuNanoCores), memoryBytes: sum((each) => each.memoryBytes), pods };
}

function podUsage({ attributes, linux }: cri.PodSandboxStats): readonly PodUsage[] {
  const containers = (linux?.containers ?? []).map(
    (each): ContainerUsage => ({
      name: each.attributes.labels?.[LABELS.containerName] ?? each.attributes.metadata.name,
      cpuNanoCores: each.cpu?.usageNanoCores?.value ?? 0,
      memoryBytes: each.memory?.workingSetBytes?.value ?? 0,
    }),
  );
  if (containers.length === 0) return [];
  const { namespace, name, uid } = attributes.metadata;
  return [{ namespace, name, uid, containers }];
}

/**
 * The kubelet's `/stats/summary`, as far as it is measured.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go (Summary)
 */
export function summaryOf(node: string, usage: NodeUsage): object {
  const time = new Date(usage.timeMs).toISOString();
  const figures = (used: { readonly cpuNanoCores: number; readonly memoryBytes: number }): object => ({
    cpu: { time, usageNanoCores: Math.round(used.cpuNanoCores) },
    memory: { time, workingSetBytes: used.memoryBytes },
  });
  return {
    node: { nodeName: node, ...figures(usage) },
    pods: usage.pods.map(({ namespace, name, uid, containers, network }) => ({
      podRef: { name, namespace, uid },
      containers: containers.map((each) => ({ name: each.name, ...figures(each) })),
      ...(network === undefined ? {} : { network: { time, name: 'eth0', ...network, interfaces: [{ name: 'eth0', ...network }] } }),
    })),
  };
}
