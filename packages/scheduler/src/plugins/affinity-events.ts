import { deepEqual } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import { affinityTerms, type AffinityKind } from '../cluster/affinity-terms.ts';
import type { ClusterEvent, ClusterEventWithHint, QueueingHint } from '../queue/cluster-event.ts';

/** What can cure a rejection by InterPodAffinity. @see kubernetes v1.36 pkg/scheduler/framework/plugins/interpodaffinity/plugin.go */
export function affinityEvents(): readonly ClusterEventWithHint[] {
  return [
    { resource: 'AssignedPod', actions: ['Add', 'UpdatePodLabel', 'Delete'], hint: hintForPod },
    { resource: 'TargetPod', actions: ['UpdatePodLabel'] },
    { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'], hint: hintForNode },
    { resource: 'Namespace', actions: ['Add', 'Update'] },
  ];
}

/** Whether a Pod's terms of a kind mean another one. A hint does not know namespaces, so what depends on their labels may be. */
function mayMean(owner: Pod, other: Pod, kind: AffinityKind): readonly boolean[] {
  const pod = { namespace: other.metadata.namespace ?? '', labels: other.metadata.labels ?? {} };
  return affinityTerms(owner)
    .filter((term) => term.kind === kind)
    .map(({ matcher }) => matcher.readsNamespaces || matcher.matches(pod, () => ({})));
}

/** A Pod to be near came, or one to be away from went. */
function hintForPod(pod: Pod, event: ClusterEvent): QueueingHint {
  const [before, after] = [event.old as Pod | undefined, event.object as Pod | undefined];
  const isWanted = (other: Pod): boolean => {
    const answers = mayMean(pod, other, 'affinity');
    return answers.length > 0 && answers.every(Boolean);
  };
  const isInTheWay = (other: Pod): boolean => mayMean(pod, other, 'antiAffinity').some(Boolean) || mayMean(other, pod, 'antiAffinity').some(Boolean);
  if (after !== undefined && isWanted(after)) return 'Queue';
  return before !== undefined && isInTheWay(before) ? 'Queue' : 'QueueSkip';
}

/** A node is in other domains than before. */
function hintForNode(pod: Pod, event: ClusterEvent): QueueingHint {
  const [before, after] = [event.old as Node | undefined, event.object as Node | undefined];
  const required = affinityTerms(pod).filter(({ kind }) => kind === 'affinity');
  if (required.some(({ topologyKey }) => after?.metadata.labels?.[topologyKey] === undefined)) return 'QueueSkip';
  return deepEqual(before?.metadata.labels, after?.metadata.labels) ? 'QueueSkip' : 'Queue';
}
