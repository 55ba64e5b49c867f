import type { MutableJson } from '@kybern/core';

const NONE: readonly never[] = [];

/**
 * Turns `matchLabelKeys` and `mismatchLabelKeys` of affinity terms and spread constraints into requirements on the Pod's own values, in place, so that
 * the scheduler only sees selectors.
 *
 * @see kubernetes v1.36 pkg/registry/core/pod/strategy.go (mutatePodAffinity, mutateTopologySpreadConstraints)
 */
export function applyMatchLabelKeys(pod: MutableJson): void {
  const { affinity, topologySpreadConstraints } = pod.spec;
  if (affinity === undefined && topologySpreadConstraints === undefined) return;
  const labels: Readonly<Record<string, string>> = pod.metadata.labels ?? {};
  for (const constraint of listOf(topologySpreadConstraints)) completeTerm(constraint, labels);
  if (affinity?.podAffinity !== undefined) completeRules(affinity.podAffinity, labels);
  if (affinity?.podAntiAffinity !== undefined) completeRules(affinity.podAntiAffinity, labels);
}

function completeRules(rules: MutableJson, labels: Keys['labels']): void {
  for (const term of listOf(rules.requiredDuringSchedulingIgnoredDuringExecution)) completeTerm(term, labels);
  for (const weighted of listOf(rules.preferredDuringSchedulingIgnoredDuringExecution)) completeTerm(weighted?.podAffinityTerm, labels);
}

function completeTerm(term: MutableJson, labels: Keys['labels']): void {
  if (term?.matchLabelKeys !== undefined) addRequirements(term, { keys: term.matchLabelKeys, operator: 'In', labels });
  if (term?.mismatchLabelKeys !== undefined) addRequirements(term, { keys: term.mismatchLabelKeys, operator: 'NotIn', labels });
}

/** The schema has not been checked yet: what is no list is none. */
function listOf(value: unknown): readonly MutableJson[] {
  return Array.isArray(value) ? value : NONE;
}

interface Keys {
  readonly keys: unknown;
  readonly operator: 'In' | 'NotIn';
  readonly labels: Readonly<Record<string, string>>;
}

function addRequirements(term: MutableJson, { keys, operator, labels }: Keys): void {
  if (!Array.isArray(keys) || typeof term?.labelSelector !== 'object' || term.labelSelector === null) return;
  const selector = term.labelSelector;
  for (const key of keys) {
    if (typeof key !== 'string' || !Object.hasOwn(labels, key)) continue;
    selector.matchExpressions = [...listOf(selector.matchExpressions), { key, operator, values: [labels[key]] }];
  }
}
