import type { PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import { podClaims } from '../cluster/pod-claims.ts';
import type { ClusterEvent, QueueingHint } from '../queue/cluster-event.ts';

/** A claim came or changed: only those of the Pod matter. */
export function hintForClaim(pod: Pod, { object }: ClusterEvent): QueueingHint {
  const { name, namespace } = (object as PersistentVolumeClaim).metadata;
  return podClaims(pod).some(({ key }) => key === `${namespace ?? ''}/${name}`) ? 'Queue' : 'QueueSkip';
}
