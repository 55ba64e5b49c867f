import type { Pod, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '@kybern/core/kinds';

/**
 * Whether a Pod is among those that a quota with scopes is for.
 *
 * @see kubernetes v1.36 pkg/quota/v1/evaluator/core/pods.go (podMatchesScopeFunc)
 */
export function inScopes({ scopes = [], scopeSelector }: ResourceQuotaSpec, pod: Pod): boolean {
  const requirements: readonly ScopedResourceSelectorRequirement[] = [
    ...scopes.map((scopeName) => ({ scopeName, operator: 'Exists' as const })),
    ...(scopeSelector?.matchExpressions ?? []),
  ];
  return requirements.every((requirement) => matches(requirement, pod));
}

function matches({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (scopeName) {
    case 'Terminating':
      return pod.spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return pod.spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return hasPriorityClass(pod, operator, values);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

const isBestEffort = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].every(({ resources }) => Object.keys({ ...resources?.requests, ...resources?.limits }).length === 0);

function hasPriorityClass({ spec: { priorityClassName = '' } }: Pod, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return priorityClassName !== '';
    case 'DoesNotExist':
      return priorityClassName === '';
    case 'In':
      return values.includes(priorityClassName);
    default:
      return !values.includes(priorityClassName);
  }
}

function crossesNamespaces({ spec: { affinity } }: Pod): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined);
}
