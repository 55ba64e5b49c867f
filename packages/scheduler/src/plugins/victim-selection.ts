import { keyOf, type Labels } from '@kybern/core';
import type { Pod, PodDisruptionBudget } from '@kybern/core/kinds';
import type { NodeInfo } from '../cluster/node-info.ts';
import { priorityOf } from '../cluster/nominated-pods.ts';
import { selectorOrNothing } from '../cluster/pod-matcher.ts';
import type { WhatIf } from '../engine/plugin.ts';
import { isSuccess, unresolvable, type Status } from '../engine/status.ts';
import { harmOf, startOf, type Harm } from './candidate-choice.ts';

/** A node that has room once some Pods are gone. */
export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly Pod[];
  /** How many of the victims a budget wants to keep. */
  readonly violations: number;
  readonly harm: Harm;
}

const NO_VICTIMS = Object.freeze(unresolvable('No preemption victims found for incoming pod'));

/**
 * The Pods that must go from a node so that `pod` fits, as few and as unimportant as possible; or why that does not help.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go (SelectVictimsOnNode)
 */
export function selectVictims(
  pod: Pod,
  node: NodeInfo,
  { whatIf, budgets }: { readonly whatIf: WhatIf; readonly budgets: readonly PodDisruptionBudget[] },
): Candidate | Status {
  const lower = node.pods.filter((other) => priorityOf(other) < priorityOf(pod)).sort(byImportance);
  if (lower.length === 0) return NO_VICTIMS;
  for (const other of lower) {
    const failed = whatIf.remove(other);
    if (failed !== undefined) return failed;
  }
  const without = whatIf.fits();
  if (without !== undefined && !isSuccess(without)) return without;
  const { violating, others } = splitByBudgets(lower, budgets);
  const kept = { whatIf, victims: [] as Pod[] };
  const failed = keepWhatFits(violating, kept);
  const violations = kept.victims.length;
  const problem = failed ?? keepWhatFits(others, kept);
  return problem ?? { node, victims: kept.victims.sort(byImportance), violations, harm: harmOf(kept.victims, violations) };
}

/** Puts Pods back as long as the preemptor still fits; the others are victims. */
function keepWhatFits(pods: readonly Pod[], { whatIf, victims }: { readonly whatIf: WhatIf; readonly victims: Pod[] }): Status | undefined {
  for (const other of pods) {
    const added = whatIf.add(other);
    if (added !== undefined) return added;
    const status = whatIf.fits();
    if (isSuccess(status)) continue;
    if (status?.code === 'Error') return status;
    const removed = whatIf.remove(other);
    if (removed !== undefined) return removed;
    victims.push(other);
  }
  return undefined;
}

/** Higher priority first, then the one that started earlier. @see kubernetes v1.36 pkg/scheduler/util/utils.go (MoreImportantPod) */
export function byImportance(a: Pod, b: Pod): number {
  const difference = priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b);
  return Number.isNaN(difference) || difference === 0 ? (keyOf(a) < keyOf(b) ? -1 : 1) : difference;
}

/**
 * Tells the Pods whose eviction breaks a budget from the others, when they go in this order.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go (filterPodsWithPDBViolation)
 */
export function splitByBudgets(
  pods: readonly Pod[],
  budgets: readonly PodDisruptionBudget[],
): { readonly violating: readonly Pod[]; readonly others: readonly Pod[] } {
  if (budgets.length === 0) return { violating: [], others: pods };
  const left = budgets.map((budget) => ({ budget, allowed: budget.status?.disruptionsAllowed ?? 0, matches: budgetMatcher(budget) }));
  const violating: Pod[] = [];
  const others: Pod[] = [];
  for (const pod of pods) {
    let isViolated = false;
    for (const each of left) {
      if (!each.matches(pod) || each.budget.status?.disruptedPods?.[pod.metadata.name] !== undefined) continue;
      each.allowed -= 1;
      if (each.allowed < 0) isViolated = true;
    }
    (isViolated ? violating : others).push(pod);
  }
  return { violating, others };
}

/** A budget without a selector, or with an empty one, protects nobody here. */
function budgetMatcher({ metadata, spec }: PodDisruptionBudget): (pod: Pod) => boolean {
  const selector = spec?.selector;
  const isEmpty = Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions?.length ?? 0) === 0;
  if (isEmpty) return () => false;
  const selects = selectorOrNothing(selector);
  const hasLabels = (labels: Labels | undefined): boolean => labels !== undefined && Object.keys(labels).length > 0;
  return (pod) => pod.metadata.namespace === metadata.namespace && hasLabels(pod.metadata.labels) && selects(pod.metadata.labels);
}
