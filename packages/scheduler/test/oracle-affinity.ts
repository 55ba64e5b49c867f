import { compileLabelSelector } from '@kybern/core';
import type { Node, Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '@kybern/core/kinds';

/** The whole cluster, as plain manifests. */
export interface World {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
}

/** Whether a term of `owner` means `pod`. Every namespace has its name as its only label. */
function means(term: PodAffinityTerm, owner: Pod, pod: Pod): boolean {
  const { namespaces = [], namespaceSelector, labelSelector } = term;
  const namespace = pod.metadata.namespace ?? '';
  const selected = namespaceSelector !== undefined && compileLabelSelector(selectorOf(namespaceSelector))({ 'kubernetes.io/metadata.name': namespace });
  const own = namespaces.length === 0 && namespaceSelector === undefined && namespace === (owner.metadata.namespace ?? '');
  return (
    (namespaces.includes(namespace) || selected || own) && labelSelector !== undefined && compileLabelSelector(selectorOf(labelSelector))(pod.metadata.labels)
  );
}

const selectorOf = (selector: { readonly matchLabels?: object; readonly matchExpressions?: object }) => ({ matchLabels: {}, ...selector }) as never;

const label = (node: Node | undefined, key: string): string | undefined => node?.metadata.labels?.[key];

/** The Pods in the node's domain. */
function near(node: Node, key: string, { nodes, pods }: World): readonly Pod[] {
  const value = label(node, key);
  const there = nodes.filter((other) => value !== undefined && label(other, key) === value).map(({ metadata }) => metadata.name);
  return pods.filter(({ spec }) => there.includes(spec.nodeName ?? ''));
}

type Side = 'podAffinity' | 'podAntiAffinity';
const required = (pod: Pod, side: Side): readonly PodAffinityTerm[] => pod.spec.affinity?.[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferred = (pod: Pod, side: Side): readonly WeightedPodAffinityTerm[] =>
  pod.spec.affinity?.[side]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** The three checks of InterPodAffinity. */
export function obeysAffinity(pod: Pod, node: Node, world: World): boolean {
  const wanted = required(pod, 'podAffinity');
  const meansAll = (other: Pod): boolean => wanted.every((term) => means(term, pod, other));
  const isSomewhere = wanted.some(({ topologyKey }) => world.nodes.some((each) => near(each, topologyKey, world).some(meansAll)));
  const isThere = wanted.every(({ topologyKey }) => near(node, topologyKey, world).some(meansAll));
  const hasKeys = wanted.every(({ topologyKey }) => label(node, topologyKey) !== undefined);
  if (wanted.length > 0 && !(hasKeys && (isThere || (!isSomewhere && meansAll(pod))))) return false;
  if (required(pod, 'podAntiAffinity').some((term) => near(node, term.topologyKey, world).some((other) => means(term, pod, other)))) return false;
  const forbids = (other: Pod): boolean =>
    required(other, 'podAntiAffinity').some((term) => means(term, other, pod) && near(node, term.topologyKey, world).includes(other));
  return !world.pods.some(forbids);
}

/** The normalised scores of InterPodAffinity. */
export function affinityScores(pod: Pod, feasible: readonly Node[], world: World): readonly number[] {
  const raw = feasible.map((node) => {
    const sum = (owner: Pod, term: PodAffinityTerm, weight: number): number =>
      owner === pod
        ? weight * near(node, term.topologyKey, world).filter((other) => means(term, pod, other)).length
        : means(term, owner, pod) && near(node, term.topologyKey, world).includes(owner)
          ? weight
          : 0;
    const preferences = (owner: Pod): number =>
      preferred(owner, 'podAffinity').reduce((total, each) => total + sum(owner, each.podAffinityTerm, each.weight), 0) -
      preferred(owner, 'podAntiAffinity').reduce((total, each) => total + sum(owner, each.podAffinityTerm, each.weight), 0);
    const bonds = (owner: Pod): number => required(owner, 'podAffinity').reduce((total, term) => total + sum(owner, term, 1), 0);
    return preferences(pod) + world.pods.reduce((total, other) => total + preferences(other) + bonds(other), 0);
  });
  const [min, max] = [Math.min(...raw), Math.max(...raw)];
  return raw.map((score) => (max > min ? Math.trunc(100 * ((score - min) / (max - min))) : 0));
}
