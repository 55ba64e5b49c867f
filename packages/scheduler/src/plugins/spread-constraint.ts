import { compileLabelSelector, controllerOf, type LabelMatcher, type LabelSelector, type LabelSelectorRequirement, type Labels } from '@kybern/core';
import { ReplicaSet, ReplicationController, Service, StatefulSet, type Node, type Pod, type TopologySpreadConstraint } from '@kybern/core/kinds';
import type { ClusterSnapshot } from '../cluster/cluster-state.ts';
import type { DomainCounter } from '../cluster/domain-counter.ts';
import type { CounterQuery } from '../cluster/placement-index.ts';
import { selectorOrNothing, type PodMatcher } from '../cluster/pod-matcher.ts';
import { compileRequired } from './node-affinity.ts';
import { findUntolerated } from './tolerations.ts';

/** What the selector of a constraint comes to, the Pod's own labels (`matchLabelKeys`) included. */
interface SpreadSelector {
  readonly key: string;
  readonly compile: () => LabelMatcher;
}

/** A constraint with everything that depends on the Pod filled in. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly matcher: PodMatcher;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
}

type Action = TopologySpreadConstraint['whenUnsatisfiable'];

/** A Pod's own constraints with this action. */
export function ownConstraints(pod: Pod, action: Action): readonly SpreadConstraint[] {
  const constraints = pod.spec.topologySpreadConstraints;
  if (constraints === undefined) return [];
  return constraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action).map((each) => readConstraint(each, pod, ownSelector(each, pod)));
}

/**
 * The defaults with this action, for a Pod that a Service or its controller selects; none for others.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/podtopologyspread/common.go (buildDefaultConstraints)
 */
export function defaultConstraints(
  pod: Pod,
  { defaults, action, cluster }: { readonly defaults: readonly TopologySpreadConstraint[]; readonly action: Action; readonly cluster: ClusterSnapshot },
): readonly SpreadConstraint[] {
  const wanted = defaults.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action);
  if (wanted.length === 0) return [];
  const selector = selectorOfOwners(pod, cluster);
  return selector === undefined ? [] : wanted.map((each) => readConstraint(each, pod, selector));
}

function readConstraint(constraint: TopologySpreadConstraint, pod: Pod, selector: SpreadSelector): SpreadConstraint {
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    matcher: spreadMatcher(pod.metadata.namespace ?? '', selector),
    honorsAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
    honorsTaints: constraint.nodeTaintsPolicy === 'Honor',
  };
}

/** Compiled only when a counter for it has to be made. */
function spreadMatcher(namespace: string, { key, compile }: SpreadSelector): PodMatcher {
  let selects: LabelMatcher | undefined;
  return {
    key: `${namespace}\u0000${key}`,
    readsNamespaces: false,
    matches(pod) {
      selects ??= compile();
      return pod.namespace === namespace && selects(pod.labels);
    },
  };
}

function ownSelector({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, { metadata }: Pod): SpreadSelector {
  const same: Record<string, string> = {};
  for (const name of matchLabelKeys) if (metadata.labels?.[name] !== undefined) same[name] = metadata.labels[name];
  return {
    key: JSON.stringify([labelSelector ?? null, same]),
    // No selector selects nothing, but what matchLabelKeys adds to nothing is then all that counts.
    compile: () => (labelSelector === undefined && Object.keys(same).length === 0 ? () => false : both(labelSelector ?? {}, same)),
  };
}

function both(selector: LabelSelector, labels: Labels): LabelMatcher {
  const matches = selectorOrNothing(selector);
  const isSame = compileLabelSelector({ matchLabels: labels });
  return (each) => matches(each) && isSame(each);
}

/**
 * What the Services that select the Pod, and its controller, select together.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/helper/spread.go (DefaultSelector)
 */
function selectorOfOwners(pod: Pod, cluster: ClusterSnapshot): SpreadSelector | undefined {
  const merged: Record<string, string> = {};
  for (const { spec } of cluster.objects.list(Service, pod.metadata.namespace ?? '')) {
    const { selector } = spec;
    if (selector !== undefined && selects(selector, pod.metadata.labels)) Object.assign(merged, selector);
  }
  const requirements = ownerRequirements(pod, cluster, merged);
  if (Object.keys(merged).length === 0 && requirements.length === 0) return undefined;
  return {
    key: JSON.stringify([merged, requirements]),
    compile: () => selectorOrNothing({ matchLabels: merged, matchExpressions: requirements }),
  };
}

function selects(selector: Labels, labels: Labels | undefined): boolean {
  for (const name in selector) if (labels?.[name] !== selector[name]) return false;
  return true;
}

/** What the Pod's controller asks besides; a ReplicationController's labels are merged in. */
function ownerRequirements(pod: Pod, { objects }: ClusterSnapshot, merged: Record<string, string>): readonly LabelSelectorRequirement[] {
  const owner = controllerOf(pod);
  if (owner === undefined) return [];
  const key = `${pod.metadata.namespace ?? ''}/${owner.name}`;
  switch (`${owner.apiVersion}/${owner.kind}`) {
    case 'v1/ReplicationController':
      Object.assign(merged, objects.get(ReplicationController, key)?.spec.selector);
      return [];
    case 'apps/v1/ReplicaSet':
      return requirementsOf(objects.get(ReplicaSet, key)?.spec.selector);
    case 'apps/v1/StatefulSet':
      return requirementsOf(objects.get(StatefulSet, key)?.spec.selector);
    default:
      return [];
  }
}

function requirementsOf(selector: LabelSelector | undefined): readonly LabelSelectorRequirement[] {
  if (selector === undefined) return [];
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]): LabelSelectorRequirement => ({ key, operator: 'In', values: [value] }));
  return [...equal, ...((selector.matchExpressions ?? []) as readonly LabelSelectorRequirement[])];
}

/**
 * The counter of a constraint's Pods. Nodes count that have all of `keys` and that the constraint's policies include.
 *
 * @param topologyKey what to count by, unless it is the constraint's own key
 */
export function spreadCounter(
  constraint: SpreadConstraint,
  { pod, keys, cluster }: { readonly pod: Pod; readonly keys: readonly string[]; readonly cluster: ClusterSnapshot },
): DomainCounter {
  const { topologyKey, matcher } = constraint;
  const nodes = includedNodes(constraint, pod, keys);
  return cluster.placements.counter({ matcher, topologyKey, ignoreTerminating: true, ...(nodes === undefined ? {} : { nodes }) });
}

/** Undefined when all nodes with the constraint's own key count. */
function includedNodes({ topologyKey, honorsAffinity, honorsTaints }: SpreadConstraint, pod: Pod, keys: readonly string[]): CounterQuery['nodes'] {
  const others = keys.filter((key) => key !== topologyKey);
  const { nodeSelector, affinity, tolerations } = pod.spec;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const affine = honorsAffinity && (nodeSelector !== undefined || required !== undefined);
  if (others.length === 0 && !affine && !honorsTaints) return undefined;
  const key = JSON.stringify([others, affine ? [nodeSelector, required] : 0, honorsTaints ? (tolerations ?? []) : 0]);
  return { key, passes: nodeTest({ others, affine, honorsTaints }, pod) };
}

function nodeTest(
  { others, affine, honorsTaints }: { readonly others: readonly string[]; readonly affine: boolean; readonly honorsTaints: boolean },
  pod: Pod,
): (node: Node) => boolean {
  const isRequired = affine ? compileRequired(pod) : undefined;
  return (node) =>
    others.every((key) => node.metadata.labels?.[key] !== undefined) &&
    (isRequired === undefined || isRequired(node)) &&
    (!honorsTaints || findUntolerated(node.spec?.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']) === undefined);
}
