import { getCondition, type KubernetesObject } from '@kybern/core';
import type { Deployment, Pod, ReplicaSet, Service } from '@kybern/core/kinds';

/**
 * Why an applied object is not yet what its manifest asks for; undefined when it is. Kinds that nothing works on count as available at once.
 *
 * @param object as the cluster has it; undefined when it is not there
 */
export function waitingFor(object: KubernetesObject | undefined): string | undefined {
  if (object === undefined) return 'it is gone';
  switch (`${object.apiVersion}/${object.kind}`) {
    case 'apps/v1/Deployment':
      return deploymentWaits(object as Deployment);
    case 'apps/v1/ReplicaSet':
      return replicaSetWaits(object as ReplicaSet);
    case 'v1/Pod':
      return podWaits(object as Pod);
    case 'v1/Service':
      return serviceWaits(object as Service);
    default:
      return undefined;
  }
}

function deploymentWaits({ metadata, spec, status }: Deployment): string | undefined {
  const wanted = spec.replicas ?? 1;
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return 'not yet seen by its controller';
  if ((status?.updatedReplicas ?? 0) < wanted) return `${String(status?.updatedReplicas ?? 0)} of ${String(wanted)} replicas are up to date`;
  if ((status?.availableReplicas ?? 0) < wanted) return `${String(status?.availableReplicas ?? 0)} of ${String(wanted)} replicas are available`;
  return undefined;
}

function replicaSetWaits({ metadata, spec, status }: ReplicaSet): string | undefined {
  const wanted = spec.replicas ?? 1;
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return 'not yet seen by its controller';
  return (status?.availableReplicas ?? 0) < wanted ? `${String(status?.availableReplicas ?? 0)} of ${String(wanted)} replicas are available` : undefined;
}

function podWaits(pod: Pod): string | undefined {
  if (pod.status?.phase === 'Succeeded' || getCondition(pod, 'Ready')?.status === 'True') return undefined;
  return podTrouble(pod) ?? `it is ${pod.status?.phase ?? 'Pending'}`;
}

function serviceWaits({ spec, status }: Service): string | undefined {
  if (spec.type !== 'LoadBalancer') return undefined;
  return (status?.loadBalancer?.ingress ?? []).length === 0 ? 'it has no load balancer address' : undefined;
}

/** What keeps a Pod from being ready, in the words of the scheduler or the node: undefined when nothing is known to. */
export function podTrouble(pod: Pod): string | undefined {
  const scheduled = getCondition(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return `${scheduled.reason ?? 'Unschedulable'}: ${scheduled.message ?? ''}`;
  for (const { name, state } of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const { waiting, terminated } = state ?? {};
    if (waiting?.reason !== undefined && !['ContainerCreating', 'PodInitializing'].includes(waiting.reason))
      return `container ${name}: ${waiting.reason}: ${waiting.message ?? ''}`;
    if (terminated !== undefined && terminated.exitCode !== 0)
      return `container ${name} ended with exit code ${String(terminated.exitCode)} (${terminated.reason ?? 'Error'})`;
  }
  return undefined;
}
