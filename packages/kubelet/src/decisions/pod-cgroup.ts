import type { Pod } from '@kybern/core/kinds';
import { computeQosClass } from './qos.ts';

/**
 * The cgroup of a Pod, below that of its class.
 *
 * @param root below which the node has its cgroups. Default `/`
 * @see kubernetes v1.36 pkg/kubelet/cm/pod_container_manager_linux.go (GetPodContainerName)
 */
export function podCgroup(pod: Pod, root = '/'): string {
  const qos = pod.status?.qosClass ?? computeQosClass(pod);
  return `${qosCgroup(qos, root)}/pod${pod.metadata.uid ?? ''}`;
}

/** The cgroup of a class: Guaranteed Pods are beside the other two. */
export function qosCgroup(qos: ReturnType<typeof computeQosClass>, root = '/'): string {
  const kubepods = `${root === '/' ? '' : root}/kubepods`;
  return qos === 'Guaranteed' ? kubepods : `${kubepods}/${qos.toLowerCase()}`;
}
