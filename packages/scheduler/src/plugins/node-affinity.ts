import type { Node, NodeAffinity, Pod } from '@kybern/core/kinds';
import { normalizeByMaximum } from '../engine/normalize.ts';
import type { CycleContext, FilterPlugin, PreFilterPlugin, PreScorePlugin, ScorePlugin } from '../engine/plugin.ts';
import { skip, unresolvable, withPlugin } from '../engine/status.ts';
import type { ClusterEvent, QueueingHint } from '../queue/cluster-event.ts';
import { compileNodeLabels, compileNodeSelector, compilePreferences, pinnedNodeNames, type NodeMatcher } from './node-selector.ts';

const NAME = 'NodeAffinity';
const PREFERENCES = `${NAME}/preferences`;
const REJECTED = Object.freeze(withPlugin(unresolvable("node(s) didn't match Pod's node affinity/selector"), NAME));
const REJECTED_ADDED = Object.freeze(withPlugin(unresolvable("node(s) didn't match scheduler-enforced node affinity"), NAME));
const CONFLICT = Object.freeze(withPlugin(unresolvable('pod affinity terms conflict'), NAME));

/** Arguments of {@link nodeAffinity}, as in KubeSchedulerConfiguration v1. */
export interface NodeAffinityArgs {
  /** Holds for every Pod of the profile, besides the Pod's own. */
  readonly addedAffinity?: NodeAffinity;
}

/**
 * Sends Pods to the nodes that their `nodeSelector` and node affinity name, and prefers the nodes that they prefer.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go
 */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin {
  const addedRequired = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const matchesAdded: NodeMatcher | undefined = addedRequired === undefined ? undefined : compileNodeSelector(addedRequired);
  const addedPreferences = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const isRequired = (pod: Pod, node: Node): boolean => (matchesAdded?.(node) ?? true) && compileRequired(pod)(node);
  return {
    name: NAME,
    weight: 2,
    sign: signature,
    preFilter(pod, cycle) {
      const terms = requiredTerms(pod);
      if (terms === undefined && pod.spec.nodeSelector === undefined && matchesAdded === undefined) return skip();
      cycle.state.set(NAME, compileRequired(pod));
      const names = terms === undefined || terms.length === 0 ? undefined : pinnedNodeNames(terms);
      if (names === undefined) return undefined;
      return names.size === 0 ? CONFLICT : { nodeNames: names };
    },
    filter(pod, { node }, cycle) {
      if (matchesAdded !== undefined && !matchesAdded(node)) return REJECTED_ADDED;
      const matches = cycle.state.get<NodeMatcher>(NAME) ?? compileRequired(pod);
      return matches(node) ? undefined : REJECTED;
    },
    preScore(pod, cycle) {
      const terms = [...addedPreferences, ...(pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])];
      if (terms.length === 0) return skip();
      cycle.state.set(PREFERENCES, compilePreferences(terms));
      return undefined;
    },
    score: (_pod, { node }, cycle) => preferencesOf(cycle)?.(node) ?? 0,
    normalizeScore: (_pod, scores) => normalizeByMaximum(scores),
    normalizeKeepsTies: true,
    eventsToRegister: () => [
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'], hint: (pod, event) => hintForNode(event, (node) => isRequired(pod, node)) },
    ],
  };
}

function preferencesOf(cycle: CycleContext): ((node: Node) => number) | undefined {
  return cycle.state.get<(node: Node) => number>(PREFERENCES);
}

function requiredTerms(pod: Pod): NodeAffinityTerms | undefined {
  return pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

type NodeAffinityTerms = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>['nodeSelectorTerms'];

/** The nodes that a Pod requires by `nodeSelector` and node affinity. */
export function compileRequired({ spec }: Pod): NodeMatcher {
  const labels = spec.nodeSelector === undefined ? undefined : compileNodeLabels(spec.nodeSelector);
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const selector = required === undefined ? undefined : compileNodeSelector(required);
  return (node) => (labels?.(node) ?? true) && (selector?.(node) ?? true);
}

function signature({ spec }: Pod): string {
  const affinity = spec.affinity?.nodeAffinity;
  return affinity === undefined && spec.nodeSelector === undefined ? '' : JSON.stringify([spec.nodeSelector, affinity]);
}

/** A node that did not match and now does is worth another attempt. */
function hintForNode({ old, object }: ClusterEvent, matches: NodeMatcher): QueueingHint {
  if (object === undefined || !matches(object as Node)) return 'QueueSkip';
  return old === undefined || !matches(old as Node) ? 'Queue' : 'QueueSkip';
}
