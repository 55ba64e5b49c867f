import { deepEqual } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import type { ClusterEvent, ClusterEventWithHint, QueueingHint } from '../queue/cluster-event.ts';
import { ownConstraints, type SpreadConstraint } from './spread-constraint.ts';

/** What can cure a rejection by PodTopologySpread. @see kubernetes v1.36 pkg/scheduler/framework/plugins/podtopologyspread/plugin.go */
export function spreadEvents(): readonly ClusterEventWithHint[] {
  return [
    { resource: 'AssignedPod', actions: ['Add', 'UpdatePodLabel', 'Delete'], hint: hintForPod },
    { resource: 'TargetPod', actions: ['UpdatePodLabel'] },
    { resource: 'Node', actions: ['Add', 'Delete', 'UpdateNodeLabel', 'UpdateNodeTaint'], hint: hintForNode },
  ];
}

/** Undefined when the Pod goes by defaults, whose selector only the cluster knows. */
function constraintsOf(pod: Pod): readonly SpreadConstraint[] | undefined {
  return (pod.spec.topologySpreadConstraints?.length ?? 0) > 0 ? ownConstraints(pod, 'DoNotSchedule') : undefined;
}

/** A Pod that counts, or no longer does, may change the least count or a domain's own. */
function hintForPod(pod: Pod, event: ClusterEvent): QueueingHint {
  const [before, after] = [event.old as Pod | undefined, event.object as Pod | undefined];
  const constraints = constraintsOf(pod);
  if (constraints === undefined) return 'Queue';
  const counts = (other: Pod | undefined): boolean =>
    other !== undefined &&
    constraints.some(({ matcher }) => matcher.matches({ namespace: other.metadata.namespace ?? '', labels: other.metadata.labels ?? {} }, () => ({})));
  return counts(before) !== counts(after) ? 'Queue' : 'QueueSkip';
}

/** A node that has all the keys and is another than before, or went, changes the domains. */
function hintForNode(pod: Pod, event: ClusterEvent): QueueingHint {
  const [before, after] = [event.old as Node | undefined, event.object as Node | undefined];
  const constraints = constraintsOf(pod);
  if (constraints === undefined) return 'Queue';
  const values = (node: Node | undefined): readonly (string | undefined)[] | undefined => {
    const found = constraints.map(({ topologyKey }) => node?.metadata.labels?.[topologyKey]);
    return found.includes(undefined) ? undefined : found;
  };
  const isCounted = values(before) !== undefined || values(after) !== undefined;
  if (!isCounted) return 'QueueSkip';
  if (!deepEqual(values(before), values(after))) return 'Queue';
  // What the policies include may depend on any label or taint.
  return deepEqual([before?.metadata.labels, before?.spec?.taints], [after?.metadata.labels, after?.spec?.taints]) ? 'QueueSkip' : 'Queue';
}
