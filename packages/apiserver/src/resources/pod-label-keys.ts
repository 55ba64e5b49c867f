import type { MutableJson } from '@kybern/core';

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
  for (const term of [...termsOf(affinity?.podAffinity), ...termsOf(affinity?.podAntiAffinity), ...listOf(topologySpreadConstraints)]) {
    addRequirements(term, { keys: term?.matchLabelKeys, operator: 'In', labels });
    addRequirements(term, { keys: term?.mismatchLabelKeys, operator: 'NotIn', labels });
  }
}

function termsOf(affinity: MutableJson): MutableJson[] {
  return [...listOf(affinity?.requiredDuringSchedulingIgnoredDuringExecution), ...listOf(affinity?.preferredDuringSchedulingIgnoredDuringExecution).map((weighted) => weighted?.podAffinityTerm)];
}

/** The schema has not been checked yet: what is no list is none. */
function listOf(value: unknown): MutableJson[] {
  return Array.isArray(value) ? value : [];
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
