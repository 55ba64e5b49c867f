import type { Node, Pod, Taint } from '@kybern/core/kinds';
import type { NodeInfo } from '../cluster/node-info.ts';
import { normalizeByMaximum } from '../engine/normalize.ts';
import type { FilterPlugin, ScorePlugin } from '../engine/plugin.ts';
import { unresolvable, withPlugin } from '../engine/status.ts';
import { changedPod, type ClusterEventWithHint } from '../queue/cluster-event.ts';
import { findUntolerated, toleratesTaint } from './tolerations.ts';

const NAME = 'TaintToleration';
const HARD: readonly Taint['effect'][] = ['NoSchedule', 'NoExecute'];
const REJECTED = Object.freeze(withPlugin(unresolvable('node(s) had untolerated taint(s)'), NAME));

/**
 * Keeps Pods off nodes with `NoSchedule` and `NoExecute` taints that they do not tolerate, and prefers nodes with few `PreferNoSchedule` taints that
 * they do not.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go
 */
export function taintToleration(): FilterPlugin & ScorePlugin {
  return {
    name: NAME,
    weight: 3,
    sign: (pod) => (pod.spec.tolerations === undefined || pod.spec.tolerations.length === 0 ? '' : JSON.stringify(pod.spec.tolerations)),
    filter(pod, { node }, { explaining }) {
      const taint = findUntolerated(node.spec?.taints, pod.spec.tolerations, HARD);
      if (taint === undefined) return undefined;
      return explaining ? { ...REJECTED, details: { taint: formatTaint(taint) } } : REJECTED;
    },
    score: countIntolerable,
    normalizeScore: (_pod, scores) => normalizeByMaximum(scores, true),
    normalizeKeepsTies: true,
    eventsToRegister: () => EVENTS,
  };
}

function countIntolerable(pod: Pod, { node }: NodeInfo): number {
  const taints = node.spec?.taints;
  if (taints === undefined) return 0;
  let count = 0;
  for (const taint of taints) {
    if (taint.effect === 'PreferNoSchedule' && pod.spec.tolerations?.some((toleration) => toleratesTaint(toleration, taint)) !== true) count += 1;
  }
  return count;
}

const EVENTS: readonly ClusterEventWithHint[] = [
  {
    resource: 'Node',
    actions: ['Add', 'UpdateNodeTaint'],
    hint: (pod, { old, object }) => (isTolerated(pod, object) && !isTolerated(pod, old) ? 'Queue' : 'QueueSkip'),
  },
  {
    resource: 'TargetPod',
    actions: ['UpdatePodToleration'],
    hint: (pod, event) => (changedPod(event)?.metadata.uid === pod.metadata.uid ? 'Queue' : 'QueueSkip'),
  },
];

function isTolerated(pod: Pod, node: unknown): boolean {
  return node !== undefined && findUntolerated((node as Node).spec?.taints, pod.spec.tolerations, HARD) === undefined;
}

/** A taint as kubectl writes it: `key=value:effect`. */
export function formatTaint({ key, value, effect }: Taint): string {
  return value === undefined || value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}
