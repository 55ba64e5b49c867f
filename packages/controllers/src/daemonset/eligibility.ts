import type { DaemonSet, Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Toleration } from '@kybern/core/kinds';
import { tolerates } from '../tainteviction/compute.ts';

const always = (key: string, effect: NonNullable<Toleration['effect']>): Toleration => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect });
const DEFAULT_TOLERATIONS: readonly Toleration[] = [
  always('not-ready', 'NoExecute'),
  always('unreachable', 'NoExecute'),
  always('disk-pressure', 'NoSchedule'),
  always('memory-pressure', 'NoSchedule'),
  always('pid-pressure', 'NoSchedule'),
  always('unschedulable', 'NoSchedule'),
];
const HOST_NETWORK_TOLERATION = always('network-unavailable', 'NoSchedule');

/**
 * What the Pods of a DaemonSet tolerate: the nodes' own troubles, and what the template says.
 *
 * @see kubernetes v1.36 pkg/controller/daemon/util/daemonset_util.go (AddOrUpdateDaemonPodTolerations)
 */
export function daemonTolerations({ tolerations = [], hostNetwork }: Pick<PodSpec, 'tolerations' | 'hostNetwork'>): readonly Toleration[] {
  const defaults = hostNetwork === true ? [...DEFAULT_TOLERATIONS, HOST_NETWORK_TOLERATION] : DEFAULT_TOLERATIONS;
  const isGiven = ({ key, effect }: Toleration): boolean =>
    tolerations.some((each) => each.key === key && each.effect === effect && each.operator === 'Exists');
  return [...tolerations, ...defaults.filter((toleration) => !isGiven(toleration))];
}

/** Whether a Pod of a DaemonSet belongs on a node. */
export interface NodeFit {
  /** One shall be started there. */
  readonly shouldRun: boolean;
  /** One that is there may stay. */
  readonly mayStay: boolean;
}

/**
 * Whether a DaemonSet's Pod belongs on a node, by its node name, selector, affinity and tolerations.
 *
 * @see kubernetes v1.36 pkg/controller/daemon/daemon_controller.go (NodeShouldRunDaemonPod)
 */
export function fitNode({ spec: { template } }: DaemonSet, node: Node): NodeFit {
  const { spec } = template;
  if (spec === undefined || !selectsNode(spec, node)) return { shouldRun: false, mayStay: false };
  const tolerations = daemonTolerations(spec);
  const refused = (node.spec.taints ?? []).filter((taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((each) => tolerates(each, taint)));
  return { shouldRun: refused.length === 0, mayStay: refused.every(({ effect }) => effect !== 'NoExecute') };
}

function selectsNode({ nodeName = '', nodeSelector = {}, affinity }: PodSpec, node: Node): boolean {
  if (nodeName !== '' && nodeName !== node.metadata.name) return false;
  if (Object.entries(nodeSelector).some(([name, value]) => node.metadata.labels?.[name] !== value)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesTerm(term, node));
}

/** An empty term matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, { metadata }: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const field = (key: string): string | undefined => (key === 'metadata.name' ? metadata.name : undefined);
  return (
    matchExpressions.every((requirement) => matchesRequirement(requirement, metadata.labels?.[requirement.key])) &&
    matchFields.every((requirement) => matchesRequirement(requirement, field(requirement.key)))
  );
}

function matchesRequirement({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < Number(values[0]);
  }
}
