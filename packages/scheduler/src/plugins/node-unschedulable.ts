import type { Node, Pod, Taint } from '@kybern/core/kinds';
import type { FilterPlugin } from '../engine/plugin.ts';
import { unresolvable, withPlugin } from '../engine/status.ts';
import { changedPod, type ClusterEventWithHint } from '../queue/cluster-event.ts';
import { toleratesTaint } from './tolerations.ts';

const NAME = 'NodeUnschedulable';
const TAINT: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const REJECTED = Object.freeze(withPlugin(unresolvable('node(s) were unschedulable'), NAME));

/**
 * Keeps Pods off cordoned nodes (`spec.unschedulable`), unless they tolerate the taint that goes with it.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go
 */
export function nodeUnschedulable(): FilterPlugin {
  return {
    name: NAME,
    sign: (pod) => String(tolerates(pod)),
    filter: (pod, { node }) => (node.spec?.unschedulable === true && !tolerates(pod) ? REJECTED : undefined),
    eventsToRegister: () => EVENTS,
  };
}

const EVENTS: readonly ClusterEventWithHint[] = [
  {
    resource: 'Node',
    actions: ['Add', 'UpdateNodeTaint'],
    hint: (_pod, { old, object }) => (isSchedulable(object) && !isSchedulable(old) ? 'Queue' : 'QueueSkip'),
  },
  { resource: 'TargetPod', actions: ['UpdatePodToleration'], hint: (pod, event) => (tolerates(changedPod(event) ?? pod) ? 'Queue' : 'QueueSkip') },
];

function isSchedulable(node: unknown): boolean {
  return node !== undefined && (node as Node).spec?.unschedulable !== true;
}

function tolerates(pod: Pod): boolean {
  return pod.spec.tolerations?.some((toleration) => toleratesTaint(toleration, TAINT)) ?? false;
}
