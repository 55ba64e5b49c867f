import { isConflict, isNotFound, keyOf, type Client, type Logger } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';
import type { NominatedPods } from '../cluster/nominated-pods.ts';
import type { WaitingPods } from '../engine/plugin.ts';
import { evict } from './eviction.ts';

/** What a {@link RoomMaker} works with. */
export interface RoomMakerDeps {
  readonly nominations: NominatedPods;
  readonly waitingPods: WaitingPods;
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly logger: Logger;
}

/**
 * Does what a PostFilter plugin decided: promises a Pod room on a node, and has the Pods evicted that are in its way.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/preemption/preemption.go (prepareCandidateAsync)
 */
export class RoomMaker {
  readonly #deps: RoomMakerDeps;

  constructor(deps: RoomMakerDeps) {
    this.#deps = deps;
  }

  /** Promises room on the node, from now on; an empty name takes a promise back. Pods of lower priority that were promised room there lose it. */
  promise(pod: Pod, nodeName: string): void {
    const { nominations } = this.#deps;
    nominations.delete(keyOf(pod));
    if (nodeName === '') return;
    for (const other of nominations.after(pod, nodeName)) {
      nominations.delete(keyOf(other));
      void this.#withdraw(other);
    }
    nominations.set(pod, nodeName);
  }

  /** Resolves when all victims are on their way out: true, or false when one could not be evicted, and the promise is void. Never rejects. */
  async evict(victims: readonly Pod[], preemptor: Pod): Promise<boolean> {
    const outcomes = await Promise.all(victims.map((victim) => this.#evictOne(victim, preemptor)));
    const done = outcomes.every(Boolean);
    if (!done) this.#deps.nominations.delete(keyOf(preemptor));
    return done;
  }

  async #evictOne(victim: Pod, preemptor: Pod): Promise<boolean> {
    const waiting = this.#deps.waitingPods.get(victim.metadata.uid ?? '');
    if (waiting === undefined) return evict(victim, preemptor, this.#deps);
    // It is not bound yet: it need not go, only wait for another turn.
    waiting.reject('DefaultPreemption', 'preempted');
    return true;
  }

  async #withdraw(pod: Pod): Promise<void> {
    try {
      await this.#deps.client.mutateStatus(Pod, pod, (draft) => {
        delete draft.status.nominatedNodeName;
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) this.#deps.logger.error('a nomination was not withdrawn', { kind: 'Pod', name: keyOf(pod), error });
    }
  }
}
