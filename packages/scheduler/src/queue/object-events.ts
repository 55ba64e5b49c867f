import { deepEqual } from '@kybern/core';
import type { Node, NodeCondition, Pod } from '@kybern/core/kinds';
import { podRequests } from '../cluster/pod-requests.ts';
import type { ActionType } from './cluster-event.ts';

/**
 * What an update of a node amounts to, for scheduling. Empty for a heartbeat.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/events.go (NodeSchedulingPropertiesChange)
 */
export function nodeActions(old: Node, node: Node): readonly ActionType[] {
  const actions: ActionType[] = [];
  const note = (action: ActionType, before: unknown, after: unknown): void => {
    if (before !== after && !deepEqual(before, after)) actions.push(action);
  };
  if (old.spec !== node.spec) {
    note('UpdateNodeTaint', [old.spec?.unschedulable ?? false, old.spec?.taints ?? []], [node.spec?.unschedulable ?? false, node.spec?.taints ?? []]);
  }
  note('UpdateNodeAllocatable', old.status?.allocatable, node.status?.allocatable);
  note('UpdateNodeLabel', old.metadata.labels, node.metadata.labels);
  if (old.status?.conditions !== node.status?.conditions) note('UpdateNodeCondition', statuses(old), statuses(node));
  note('UpdateNodeAnnotation', old.metadata.annotations, node.metadata.annotations);
  note('UpdateNodeDeclaredFeature', old.status?.declaredFeatures, node.status?.declaredFeatures);
  return actions;
}

function statuses(node: Node): readonly string[] {
  return (node.status?.conditions ?? []).map(({ type, status }: NodeCondition) => `${type}=${status}`);
}

/**
 * What an update of a Pod amounts to, for scheduling. `Update` stands for a change that has no name of its own; a change of the status alone is none.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/events.go (PodSchedulingPropertiesChange)
 */
export function podActions(old: Pod, pod: Pod): readonly ActionType[] {
  const actions: ActionType[] = [];
  if (old.metadata.labels !== pod.metadata.labels && !deepEqual(old.metadata.labels, pod.metadata.labels)) actions.push('UpdatePodLabel');
  actions.push(...scaleActions(old, pod));
  if ((old.spec.schedulingGates?.length ?? 0) > 0 && (pod.spec.schedulingGates?.length ?? 0) === 0) actions.push('UpdatePodSchedulingGatesEliminated');
  if ((old.spec.tolerations?.length ?? 0) !== (pod.spec.tolerations?.length ?? 0)) actions.push('UpdatePodToleration');
  const [before, after] = [old.status?.resourceClaimStatuses, pod.status?.resourceClaimStatuses];
  if (before !== after && !deepEqual(before, after)) actions.push('UpdatePodGeneratedResourceClaim');
  return actions.length === 0 && hasOtherChange(old, pod) ? ['Update'] : actions;
}

function scaleActions(old: Pod, pod: Pod): readonly ActionType[] {
  const [before, after] = [podRequests(old), podRequests(pod)];
  if (before === after) return [];
  const extended = new Set([...before.extended.keys(), ...after.extended.keys()]);
  const changes = [
    after.cpuMillis - before.cpuMillis,
    after.memoryBytes - before.memoryBytes,
    after.ephemeralStorageBytes - before.ephemeralStorageBytes,
    ...[...extended].map((name) => (after.extended.get(name) ?? 0) - (before.extended.get(name) ?? 0)),
  ];
  const actions: ActionType[] = [];
  if (changes.some((change) => change < 0)) actions.push('UpdatePodScaleDown');
  if (changes.some((change) => change > 0)) actions.push('UpdatePodScaleUp');
  return actions;
}

function hasOtherChange(old: Pod, pod: Pod): boolean {
  if (old.spec !== pod.spec && !deepEqual(old.spec, pod.spec)) return true;
  const [before, after] = [old.metadata, pod.metadata];
  return (
    before.deletionTimestamp !== after.deletionTimestamp || (before.annotations !== after.annotations && !deepEqual(before.annotations, after.annotations))
  );
}
