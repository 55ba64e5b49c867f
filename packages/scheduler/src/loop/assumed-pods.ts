import { keyOf } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { ClusterState } from '../cluster/cluster-state.ts';
import { carryRequests } from '../cluster/pod-requests.ts';

/** A Pod that counts on a node because we decided so, not (yet) because the API server said so. */
export interface AssumedPod {
  readonly key: string;
  /** With `spec.nodeName`. */
  readonly pod: Pod;
  /** When its binding went through, in ms of the clock's monotonic time; undefined while it is under way. */
  readonly boundAtMs: number | undefined;
}

/**
 * The Pods between our decision and the informer's word. They count on their nodes all the while, so no room is given away twice.
 * Invariant: a Pod that is here counts in the cluster state on the node that we chose for it.
 */
export class AssumedPods {
  readonly #state: ClusterState;
  readonly #assumed = new Map<string, AssumedPod>();

  constructor(state: ClusterState) {
    this.#state = state;
  }

  has(key: string): boolean {
    return this.#assumed.has(key);
  }

  get(key: string): AssumedPod | undefined {
    return this.#assumed.get(key);
  }

  /** Counts the Pod on the node, from now on. The Pod as it will be. */
  assume(pod: Pod, nodeName: string): Pod {
    const assumed: Pod = { ...pod, spec: { ...pod.spec, nodeName } };
    carryRequests(pod, assumed);
    this.#assumed.set(keyOf(pod), { key: keyOf(pod), pod: assumed, boundAtMs: undefined });
    this.#state.setPod(assumed);
    return assumed;
  }

  /** Its binding went through; the informer will say so too. */
  bound(pod: Pod, nowMs: number): void {
    const present = this.#assumed.get(keyOf(pod));
    if (present?.pod === pod) this.#assumed.set(present.key, { ...present, boundAtMs: nowMs });
  }

  /** The informer has spoken: the mark goes, what counts is the informer's business. */
  forget(key: string): void {
    this.#assumed.delete(key);
  }

  /** The binding came to nothing: the Pod no longer counts. False when the informer has spoken meanwhile, and nothing was undone. */
  undo(pod: Pod): boolean {
    const key = keyOf(pod);
    if (this.#assumed.get(key)?.pod !== pod) return false;
    this.#assumed.delete(key);
    this.#state.removePod(key);
    return true;
  }

  /** Those whose binding went through before `nowMs`, and of which the informer has not told. */
  overdue(nowMs: number): readonly AssumedPod[] {
    return [...this.#assumed.values()].filter(({ boundAtMs }) => boundAtMs !== undefined && boundAtMs <= nowMs);
  }
}
