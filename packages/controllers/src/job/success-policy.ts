import type { SuccessPolicy, SuccessPolicyRule } from '@kybern/core/kinds';
import { countCommonIndexes, countIndexes, parseIndexes, type IndexSet } from './indexes.ts';

/**
 * Whether the indexes that succeeded are enough, although others have not.
 *
 * @returns which rule says so, in words; undefined when none does
 * @see kubernetes v1.36 pkg/controller/job/success_policy.go (matchSuccessPolicy)
 */
export function metSuccessRule(policy: SuccessPolicy | undefined, completions: number, succeeded: IndexSet): string | undefined {
  if (policy === undefined || succeeded.length === 0) return undefined;
  const index = policy.rules.findIndex((rule) => isMet(rule, completions, succeeded));
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}

function isMet({ succeededIndexes, succeededCount = Infinity }: SuccessPolicyRule, completions: number, succeeded: IndexSet): boolean {
  if (succeededIndexes === undefined) return countIndexes(succeeded) >= succeededCount;
  const required = parseIndexes(succeededIndexes, completions);
  if (required.length === 0) return false;
  return countCommonIndexes(required, succeeded) >= Math.min(countIndexes(required), succeededCount);
}
