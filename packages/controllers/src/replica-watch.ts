import { controllerOf, getCondition, parseApiVersion, type Kind } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { InformerEvent, Watch } from '@kybern/reconcile';
import { isPodTerminal } from './pod-state.ts';

/**
 * Wakes the owner of a Pod, for controllers that count replicas: not for a change that none of their counts can tell, such as that the Pod was put on a node.
 *
 * Differs from Kubernetes: there every change of a Pod wakes its owner, which finds nothing to do.
 *
 * @param owner the kind of the owners, in namespaces
 */
export function replicasOf(owner: Kind): Watch<Pod> {
  return {
    kind: Pod,
    predicate: concernsReplicas,
    map({ metadata }) {
      const reference = controllerOf({ metadata });
      if (reference?.kind !== owner.kind || parseApiVersion(reference.apiVersion).group !== owner.group) return [];
      return [`${metadata.namespace ?? ''}/${reference.name}`];
    },
  };
}

/** Whether an event can change whose replica a Pod is, whether it counts, or whether it is ready and since when. */
export function concernsReplicas(event: InformerEvent<Pod>): boolean {
  if (event.type !== 'updated') return true;
  const { old, object } = event;
  const { labels, ownerReferences, deletionTimestamp } = object.metadata;
  return (
    labels !== old.metadata.labels ||
    ownerReferences !== old.metadata.ownerReferences ||
    deletionTimestamp !== old.metadata.deletionTimestamp ||
    isPodTerminal(object) !== isPodTerminal(old) ||
    isReadinessChanged(object, old)
  );
}

function isReadinessChanged(object: Pod, old: Pod): boolean {
  const now = getCondition(object, 'Ready');
  const before = getCondition(old, 'Ready');
  // A Pod without the condition is as one that is not ready.
  if ((now?.status === 'True') !== (before?.status === 'True')) return true;
  return now?.status === 'True' && now.lastTransitionTime !== before?.lastTransitionTime;
}
