import { controllerOf, type KubernetesObject } from '@kybern/core';

/** Which objects an owner manages, and what to do so that it manages those that it selects. */
export interface Claims<T> {
  /** Managed and selected. */
  readonly owned: readonly T[];
  /** Selected, and managed by nobody. */
  readonly adopt: readonly T[];
  /** Managed, but no longer selected. */
  readonly release: readonly T[];
}

/** What {@link computeClaims} looks at. */
export interface ClaimsInput<T> {
  /** An object that exists: it has a uid. */
  readonly owner: KubernetesObject;
  /** Whether the owner's selector selects these labels. */
  readonly selects: (labels: Readonly<Record<string, string>> | undefined) => boolean;
  /** Objects of the owner's namespace: at least those that it manages and those that nobody manages. */
  readonly candidates: readonly T[];
}

/**
 * Sorts candidates into those that stay, those to adopt and those to release. An owner that is being deleted keeps what it has and changes
 * nothing; what is being deleted is not adopted.
 *
 * @see kubernetes v1.36 pkg/controller/controller_ref_manager.go (ClaimObject)
 */
export function computeClaims<T extends KubernetesObject>({ owner, selects, candidates }: ClaimsInput<T>): Claims<T> {
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const selected = selects(candidate.metadata.labels);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected || deleting) owned.push(candidate);
      else release.push(candidate);
    } else if (selected && !deleting && candidate.metadata.deletionTimestamp === undefined) {
      adopt.push(candidate);
    }
  }
  return { owned, adopt, release };
}
