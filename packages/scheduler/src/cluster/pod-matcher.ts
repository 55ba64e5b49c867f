import { compileLabelSelector, type LabelMatcher, type Labels, type LabelSelector } from '@kybern/core';
import type { PodAffinityTerm } from '@kybern/core/kinds';

/** What a matcher looks at. */
export interface MatchedPod {
  readonly namespace: string;
  readonly labels: Labels;
}

/** Labels of a namespace, by its name. */
export type NamespaceLabels = (namespace: string) => Labels;

/** Says which Pods are meant. */
export interface PodMatcher {
  /** Two matchers of the same key mean the same Pods. */
  readonly key: string;
  /** Whether the answers change with the labels of namespaces. */
  readonly readsNamespaces: boolean;
  matches(pod: MatchedPod, labelsOf: NamespaceLabels): boolean;
}

/** A selector as a function. Without a selector nothing is selected. */
export function selectorOrNothing(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined || selector === null) return () => false;
  try {
    return compileLabelSelector({ matchLabels: selector.matchLabels ?? {}, matchExpressions: selector.matchExpressions ?? [] });
  } catch {
    // The API server refuses such selectors. Should one get by on a Pod, it means nobody, and no other Pod suffers.
    return () => false;
  }
}

/**
 * The Pods that a term of pod affinity means. Its namespaces are those that it lists and those that its selector selects, or else the owner's.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kube-scheduler/framework/types.go (AffinityTerm)
 */
export function termMatcher(term: PodAffinityTerm, ownerNamespace: string): PodMatcher {
  const { labelSelector, namespaceSelector } = term;
  const listed = term.namespaces ?? [];
  const names = listed.length === 0 && namespaceSelector === undefined ? [ownerNamespace] : listed;
  const namespaces = new Set(names);
  const selectsNamespace = namespaceSelector === undefined ? undefined : selectorOrNothing(namespaceSelector);
  const selects = selectorOrNothing(labelSelector);
  return {
    key: JSON.stringify([names, namespaceSelector, labelSelector ?? null]),
    readsNamespaces: selectsNamespace !== undefined,
    matches: ({ namespace, labels }, labelsOf) =>
      selects(labels) && (namespaces.has(namespace) || (selectsNamespace !== undefined && selectsNamespace(labelsOf(namespace)))),
  };
}

/** The Pods that all of the matchers mean. */
export function allOf(matchers: readonly PodMatcher[]): PodMatcher {
  const [first] = matchers;
  if (first !== undefined && matchers.length === 1) return first;
  return {
    key: JSON.stringify(matchers.map(({ key }) => key)),
    readsNamespaces: matchers.some(({ readsNamespaces }) => readsNamespaces),
    matches: (pod, labelsOf) => matchers.every((matcher) => matcher.matches(pod, labelsOf)),
  };
}
