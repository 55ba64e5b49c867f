import { deepEqual, matchesLabelSelector } from '@kybern/core';
import type { ClusterRole, PolicyRule } from '@kybern/core/kinds';

/** What {@link computeAggregation} looks at. */
export interface AggregationInput {
  readonly role: ClusterRole;
  /** All there are. */
  readonly roles: readonly ClusterRole[];
}

/**
 * The rules of a ClusterRole that is made of others: those of all that its selectors select, each once, in the order of the roles' names.
 *
 * @returns undefined when it has them, or is not made of others
 * @see kubernetes v1.36 pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go (syncClusterRole)
 */
export function computeAggregation({ role, roles }: AggregationInput): readonly PolicyRule[] | undefined {
  if (role.aggregationRule === undefined) return undefined;
  const rules: PolicyRule[] = [];
  const sorted = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    for (const { metadata, rules: more } of sorted) {
      if (metadata.name === role.metadata.name || !matchesLabelSelector(selector, metadata.labels)) continue;
      for (const rule of more ?? []) if (!rules.some((each) => deepEqual(each, rule))) rules.push(rule);
    }
  }
  return deepEqual(rules, role.rules ?? []) ? undefined : rules;
}
