import { keyOf } from '@kybern/core';
import type { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';

/**
 * Which volumes and claims are spoken for by Pods that are on their way to their nodes.
 * Invariant: a volume or claim is here from Reserve on until Unreserve, or until the objects themselves say so.
 */
export class VolumeBooks {
  /** Volume → the claim that it goes to. */
  readonly #volumes = new Map<string, string>();
  /** Claim → the node for which it is provisioned. */
  readonly #nodes = new Map<string, string>();

  /** Whether the volume is not spoken for by another claim. */
  isFree(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
    const taker = this.#volumes.get(volume.metadata.name);
    return taker === undefined || taker === keyOf(claim);
  }

  selectedNode(claim: PersistentVolumeClaim): string | undefined {
    return this.#nodes.size === 0 ? undefined : this.#nodes.get(keyOf(claim));
  }

  bind(volume: PersistentVolume, claim: PersistentVolumeClaim): void {
    this.#volumes.set(volume.metadata.name, keyOf(claim));
  }

  provision(claim: PersistentVolumeClaim, nodeName: string): void {
    this.#nodes.set(keyOf(claim), nodeName);
  }

  forgetVolume(volume: PersistentVolume): void {
    this.#volumes.delete(volume.metadata.name);
  }

  forgetClaim(claim: PersistentVolumeClaim): void {
    this.#nodes.delete(keyOf(claim));
  }
}
