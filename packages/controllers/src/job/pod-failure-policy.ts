import type { ContainerStatus, Pod, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule } from '@kybern/core/kinds';

/** What a Job's policy says of a failed Pod. */
export interface PodFailure {
  /** Of the rule that matches; undefined when none does. */
  readonly action: PodFailurePolicyRule['action'] | undefined;
  /** Whether the failure counts towards the back-off limits. */
  readonly counted: boolean;
  /** Why the whole Job fails; undefined when it does not. */
  readonly jobFailure: string | undefined;
}

const NO_RULE: PodFailure = { action: undefined, counted: true, jobFailure: undefined };

/**
 * Finds the first rule that a failed Pod matches.
 *
 * @see kubernetes v1.36 pkg/controller/job/pod_failure_policy.go (matchPodFailurePolicy)
 */
export function judgePodFailure(policy: PodFailurePolicy | undefined, pod: Pod): PodFailure {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const cause = matchingCause(rule, pod);
    if (cause === undefined) continue;
    const { action } = rule;
    return { action, counted: action !== 'Ignore', jobFailure: action === 'FailJob' ? `${cause} matching ${action} rule at index ${index}` : undefined };
  }
  return NO_RULE;
}

/** What of the Pod matches the rule, in words. */
function matchingCause({ onExitCodes, onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
  if (onExitCodes !== undefined) {
    const container = matchingContainer(onExitCodes, pod);
    if (container === undefined) return undefined;
    return `Container ${container.name} for pod ${name} failed with exit code ${container.state?.terminated?.exitCode ?? 0}`;
  }
  const condition = pod.status?.conditions?.find((each) => onPodConditions.some(({ type, status = 'True' }) => each.type === type && each.status === status));
  return condition === undefined ? undefined : `Pod ${name} has condition ${condition.type}`;
}

/** Containers before init containers. */
function matchingContainer(requirement: PodFailurePolicyOnExitCodesRequirement, { status }: Pod): ContainerStatus | undefined {
  const { containerName, operator, values } = requirement;
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(({ name, state }) => {
    const code = state?.terminated?.exitCode ?? 0;
    return code !== 0 && (containerName === undefined || containerName === name) && values.includes(code) === (operator === 'In');
  });
}
