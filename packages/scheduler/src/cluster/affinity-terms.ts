import type { Affinity, Pod, PodAffinityTerm } from '@kybern/core/kinds';
import type { DomainCounter } from './domain-counter.ts';
import { termMatcher, type PodMatcher } from './pod-matcher.ts';

/** What a term of pod affinity does. */
export type AffinityKind = 'affinity' | 'antiAffinity' | 'preferredAffinity' | 'preferredAntiAffinity';

/** A term of pod affinity, read. */
export interface AffinityTerm {
  readonly kind: AffinityKind;
  readonly topologyKey: string;
  /** 0 for required terms. */
  readonly weight: number;
  readonly matcher: PodMatcher;
}

/** All terms of Pods on nodes that say the same, and where these Pods are. */
export interface AffinityTermGroup {
  readonly key: string;
  readonly term: AffinityTerm;
  /** Counts the *owners* of the term. */
  readonly owners: DomainCounter;
}

const NONE: readonly AffinityTerm[] = Object.freeze([]);
/** Objects are immutable, so a Pod's terms never change. */
const read = new WeakMap<object, Map<string, readonly AffinityTerm[]>>();

/** Whether a Pod says anything about other Pods. */
export function hasAffinityTerms({ spec: { affinity } }: Pod): boolean {
  return affinity !== undefined && (affinity.podAffinity !== undefined || affinity.podAntiAffinity !== undefined);
}

/** The terms of a Pod, in their order. */
export function affinityTerms(pod: Pod): readonly AffinityTerm[] {
  const { affinity } = pod.spec;
  if (affinity === undefined || !hasAffinityTerms(pod)) return NONE;
  const owner = pod.metadata.namespace ?? '';
  let known = read.get(affinity);
  if (known === undefined) read.set(affinity, (known = new Map()));
  let terms = known.get(owner);
  if (terms === undefined) known.set(owner, (terms = readTerms(affinity, owner)));
  return terms;
}

function readTerms({ podAffinity, podAntiAffinity }: Affinity, owner: string): readonly AffinityTerm[] {
  const make = (kind: AffinityKind, term: PodAffinityTerm, weight = 0): AffinityTerm => ({
    kind,
    topologyKey: term.topologyKey,
    weight,
    matcher: termMatcher(term, owner),
  });
  return [
    ...(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => make('affinity', term)),
    ...(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => make('antiAffinity', term)),
    ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => make('preferredAffinity', each.podAffinityTerm, each.weight)),
    ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => make('preferredAntiAffinity', each.podAffinityTerm, each.weight)),
  ];
}

/** Terms of the same key do the same. */
export function termKey({ kind, topologyKey, weight, matcher }: AffinityTerm): string {
  return `${kind}\u0000${topologyKey}\u0000${weight}\u0000${matcher.key}`;
}
