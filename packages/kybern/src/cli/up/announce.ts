import type { Event, Pod } from '@kybern/core/kinds';
import { Deployment, Event as EventKind, Pod as PodKind } from '@kybern/core/kinds';
import type { RolloutChange } from './follow-rollout.ts';
import { podCells } from './rollout-view.ts';

/**
 * What a change is worth saying when the output is not a terminal: one line, or undefined when nothing that is shown has changed.
 *
 * @param nowMs wall time in ms
 */
export function announce(change: RolloutChange, nowMs: number): string | undefined {
  if (change.kind === PodKind) return podLine(change as PodChange, nowMs);
  if (change.kind === Deployment) return deploymentLine(change as DeploymentChange);
  if (change.kind === EventKind && change.type !== 'deleted') return warningLine(change.object as Event);
  return undefined;
}

type PodChange = RolloutChange & { readonly object: Pod; readonly old: Pod | undefined };
type DeploymentChange = RolloutChange & { readonly object: Deployment; readonly old: Deployment | undefined };

function podLine({ type, object, old }: PodChange, nowMs: number): string | undefined {
  const name = `pod/${object.metadata.name}`;
  if (type === 'deleted') return `${name} deleted`;
  const text = podText(object, nowMs);
  return old !== undefined && podText(old, nowMs) === text ? undefined : `${name} ${text}`;
}

function podText(pod: Pod, nowMs: number): string {
  const { ready, status } = podCells(pod, nowMs);
  const where = [pod.spec.nodeName === undefined ? '' : ` on ${pod.spec.nodeName}`, pod.status?.podIP === undefined ? '' : ` at ${pod.status.podIP}`].join('');
  return `${status} ${ready}${where}`;
}

function deploymentLine({ type, object, old }: DeploymentChange): string | undefined {
  const name = `deployment/${object.metadata.name}`;
  if (type === 'deleted') return `${name} deleted`;
  const text = (deployment: Deployment): string => `${String(deployment.status?.availableReplicas ?? 0)}/${String(deployment.spec.replicas ?? 1)} available`;
  return old !== undefined && text(old) === text(object) ? undefined : `${name} ${text(object)}`;
}

function warningLine(event: Event): string | undefined {
  if (event.type !== 'Warning') return undefined;
  return `warning: ${(event.involvedObject.kind ?? '').toLowerCase()}/${event.involvedObject.name ?? ''}: ${event.reason ?? ''}: ${event.message ?? ''}`;
}
