import type { KubernetesObject } from '@kybern/core';
import type { PersistentVolumeClaim, Pod, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '@kybern/core/kinds';
import { qosClassOf } from '../../resources/pod-qos.ts';

/**
 * Whether an object is among those that a quota is for. A quota with scopes is for the kinds that can be in them only.
 *
 * @see kubernetes v1.36 pkg/quota/v1/evaluator/core/pods.go (podMatchesScopeFunc), persistent_volume_claims.go (pvcMatchesScopeFunc)
 */
export function isInScopes({ scopes = [], scopeSelector }: ResourceQuotaSpec, resource: string, object: KubernetesObject): boolean {
  const selectors: readonly ScopedResourceSelectorRequirement[] = scopeSelector?.matchExpressions ?? [];
  if (scopes.length === 0 && selectors.length === 0) return true;
  return (
    scopes.every((scopeName) => matches({ scopeName, operator: 'Exists' }, resource, object)) && selectors.every((each) => matches(each, resource, object))
  );
}

function matches(requirement: ScopedResourceSelectorRequirement, resource: string, object: KubernetesObject): boolean {
  switch (resource) {
    case 'pods':
      return matchesPod(requirement, object as Pod);
    case 'persistentvolumeclaims':
      return (
        requirement.scopeName === 'VolumeAttributesClass' && matchesText((object as PersistentVolumeClaim).spec.volumeAttributesClassName ?? '', requirement)
      );
    default:
      return false;
  }
}

function matchesPod(requirement: ScopedResourceSelectorRequirement, { spec }: Pod): boolean {
  switch (requirement.scopeName) {
    case 'Terminating':
      return (spec.activeDeadlineSeconds ?? -1) >= 0;
    case 'NotTerminating':
      return (spec.activeDeadlineSeconds ?? -1) < 0;
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort';
    case 'PriorityClass':
      return matchesText(spec.priorityClassName ?? '', requirement);
    case 'CrossNamespacePodAffinity':
      return looksIntoNamespaces(spec);
    default:
      return false;
  }
}

function matchesText(text: string, { operator, values = [] }: ScopedResourceSelectorRequirement): boolean {
  switch (operator) {
    case 'Exists':
      return text !== '';
    case 'DoesNotExist':
      return text === '';
    case 'In':
      return values.includes(text);
    default:
      return !values.includes(text);
  }
}

function looksIntoNamespaces({ affinity }: Pod['spec']): boolean {
  for (const each of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    const required = each?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = (each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm);
    if ([...required, ...preferred].some(({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined)) return true;
  }
  return false;
}
