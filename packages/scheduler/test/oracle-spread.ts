import { compileLabelSelector } from '@kybern/core';
import type { Node, Pod, TopologySpreadConstraint } from '@kybern/core/kinds';
import { matchesRequired, tolerated } from './oracle.ts';
import type { World } from './oracle-affinity.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const label = (node: Node, key: string): string | undefined => node.metadata.labels?.[key];

function counts(constraint: TopologySpreadConstraint, owner: Pod, pod: Pod): boolean {
  const { labelSelector, matchLabelKeys = [] } = constraint;
  const keys = matchLabelKeys.filter((key) => owner.metadata.labels?.[key] !== undefined);
  if (labelSelector === undefined && keys.length === 0) return false;
  const selected = compileLabelSelector({ matchLabels: {}, ...labelSelector } as never)(pod.metadata.labels);
  return selected && keys.every((key) => pod.metadata.labels?.[key] === owner.metadata.labels?.[key]);
}

function constraintsOf(pod: Pod, action: TopologySpreadConstraint['whenUnsatisfiable']): readonly TopologySpreadConstraint[] {
  return (pod.spec.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action);
}

/** The nodes that a constraint takes into account. */
function included(pod: Pod, constraint: TopologySpreadConstraint, all: readonly TopologySpreadConstraint[], nodes: readonly Node[]): readonly Node[] {
  return nodes.filter(
    (node) =>
      all.every(({ topologyKey }) => label(node, topologyKey) !== undefined) &&
      (constraint.nodeAffinityPolicy === 'Ignore' || matchesRequired(pod, node)) &&
      (constraint.nodeTaintsPolicy !== 'Honor' || (node.spec?.taints ?? []).every((taint) => taint.effect === 'PreferNoSchedule' || tolerated(pod, taint))),
  );
}

function countOn(
  nodes: readonly Node[],
  pod: Pod,
  { constraint, pods }: { readonly constraint: TopologySpreadConstraint; readonly pods: readonly Pod[] },
): number {
  const names = nodes.map(({ metadata }) => metadata.name);
  const isCounted = ({ metadata, spec }: Pod): boolean =>
    names.includes(spec.nodeName ?? '') && metadata.namespace === pod.metadata.namespace && metadata.deletionTimestamp === undefined;
  return pods.filter((other) => isCounted(other) && counts(constraint, pod, other)).length;
}

/** The filter of PodTopologySpread. */
export function obeysSpread(pod: Pod, node: Node, { nodes, pods }: World): boolean {
  const hard = constraintsOf(pod, 'DoNotSchedule');
  return hard.every((constraint) => {
    const { topologyKey, maxSkew, minDomains = 1 } = constraint;
    if (label(node, topologyKey) === undefined) return false;
    const considered = included(pod, constraint, hard, nodes);
    const count = (value: string | undefined): number =>
      countOn(
        considered.filter((each) => label(each, topologyKey) === value),
        pod,
        { constraint, pods },
      );
    const domains = [...new Set(considered.map((each) => label(each, topologyKey)))];
    const least = domains.length < minDomains ? 0 : Math.min(...domains.map(count));
    return count(label(node, topologyKey)) + (counts(constraint, pod, pod) ? 1 : 0) - least <= maxSkew;
  });
}

/** The normalised scores of PodTopologySpread, for Pods with constraints of their own. */
export function spreadScores(pod: Pod, feasible: readonly Node[], { nodes, pods }: World): readonly number[] {
  const soft = constraintsOf(pod, 'ScheduleAnyway');
  if (soft.length === 0) return feasible.map(() => 0);
  const lacksKey = (node: Node): boolean => soft.some(({ topologyKey }) => label(node, topologyKey) === undefined);
  const candidates = feasible.filter((node) => !lacksKey(node));
  const raw = (node: Node): number =>
    soft.reduce((sum, constraint) => {
      const { topologyKey, maxSkew } = constraint;
      const isHost = topologyKey === HOSTNAME;
      const size = isHost ? candidates.length : new Set(candidates.map((each) => label(each, topologyKey))).size;
      const domain = included(pod, constraint, soft, nodes).filter((each) => label(each, topologyKey) === label(node, topologyKey));
      return sum + countOn(isHost ? [node] : domain, pod, { constraint, pods }) * Math.log(size + 2) + maxSkew - 1;
    }, 0);
  const scores = candidates.map((node) => Math.round(raw(node)));
  const [min, max] = [Math.min(...scores), Math.max(0, ...scores)];
  return feasible.map((node) => (lacksKey(node) ? 0 : max === 0 ? 100 : Math.floor((100 * (max + min - Math.round(raw(node)))) / max)));
}
