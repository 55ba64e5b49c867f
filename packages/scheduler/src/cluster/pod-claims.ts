import type { Pod, Volume } from '@kybern/core/kinds';
import type { PodRecord } from './node-entry.ts';

/** A claim that a Pod uses. */
export interface PodClaim {
  readonly name: string;
  /** `namespace/name`. */
  readonly key: string;
  /** The claim is made for this Pod, and goes with it. */
  readonly isEphemeral: boolean;
}

const NONE: readonly PodClaim[] = Object.freeze([]);

/** The PersistentVolumeClaims that a Pod uses, in the order of its volumes. */
export function podClaims(pod: Pod): readonly PodClaim[] {
  const { volumes } = pod.spec;
  if (volumes === undefined || volumes.length === 0) return NONE;
  let claims: PodClaim[] | undefined;
  for (const volume of volumes) {
    const name = claimNameOf(pod, volume);
    if (name !== undefined) (claims ??= []).push({ name, key: `${pod.metadata.namespace ?? ''}/${name}`, isEphemeral: volume.ephemeral !== undefined });
  }
  return claims ?? NONE;
}

function claimNameOf({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  if (persistentVolumeClaim !== undefined) return persistentVolumeClaim.claimName;
  return ephemeral === undefined ? undefined : `${metadata.name}-${name}`;
}

/** Which claims Pods on nodes use. Invariant: a claim is here exactly with the number of Pods on nodes that use it. */
export class ClaimIndex {
  readonly #users = new Map<string, number>();

  /** How many Pods on nodes use the claim (`namespace/name`). */
  usersOf(claimKey: string): number {
    return this.#users.get(claimKey) ?? 0;
  }

  count({ claims }: PodRecord, by: 1 | -1): void {
    for (const { key } of claims) {
      const users = this.usersOf(key) + by;
      if (users === 0) this.#users.delete(key);
      else this.#users.set(key, users);
    }
  }
}
