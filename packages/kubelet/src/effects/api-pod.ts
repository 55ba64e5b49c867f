import { isConflict, isNotFound } from '@kybern/core';
import { Pod, type PodStatus } from '@kybern/core/kinds';
import type { KubeletContext } from './context.ts';
import { writePodStatus } from './status-writer.ts';

/**
 * How long a state that is about to pass may go unreported.
 *
 * Differs from Kubernetes: there every look at the runtime, once a second, may cost a write.
 */
const FLUSH_MS = 1_000;

/** What {@link ApiPod} is told by its worker. */
export interface ApiPodOptions {
  /** The status of the Pod as it should be in the API now; the one it has when nothing changed. */
  readonly compute: (pod: Pod) => PodStatus;
  /** A write failed and should be tried again. */
  readonly onError: (error: unknown) => void;
  /** Somebody else changed the Pod while it was written; `before` is the Pod as it was known then. */
  readonly onNews: (before: Pod) => void;
}

/**
 * A Pod in the API as its worker sees it: the newest object, and its status on the way there. Writes are made one after the other, each of the state as it is
 * then, so that a burst of changes costs one write.
 */
export class ApiPod {
  readonly #context: KubeletContext;
  readonly #options: ApiPodOptions;
  readonly #lifetime = new AbortController();
  #pod: Pod;
  #gone = false;
  #writing: Promise<boolean> | undefined;
  /** The API has a write of this worker, or will have. Ends together with the look at `#unexplained`. */
  #isWriting = false;
  /** The versions that came in while a write was under way: its own effect, or somebody else's. */
  #unexplained: (string | undefined)[] = [];
  /** The version that the last own write made. */
  #written: string | undefined;
  #cancelFlush: (() => void) | undefined;

  constructor(context: KubeletContext, pod: Pod, options: ApiPodOptions) {
    this.#context = context;
    this.#pod = pod;
    this.#options = options;
  }

  get object(): Pod {
    return this.#pod;
  }

  /** Whether the API dropped it. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Takes in the object of an event. @returns whether it is news, rather than old or what this worker wrote */
  accept(pod: Pod): boolean {
    const before = this.#pod;
    const { resourceVersion } = pod.metadata;
    if (isOlder(resourceVersion, before.metadata.resourceVersion)) return false;
    this.#pod = pod;
    if (resourceVersion === before.metadata.resourceVersion) return false;
    if (!this.#isWriting || pod.metadata.deletionTimestamp !== before.metadata.deletionTimestamp) return true;
    this.#unexplained.push(resourceVersion);
    return false;
  }

  /** The API dropped it; `pod` is its last state. */
  drop(pod: Pod): void {
    this.#pod = pod;
    this.#gone = true;
  }

  /** Writes the status as it is now, unless the API has it already. @returns false when it failed, which `onError` was told */
  async publish(): Promise<boolean> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    while (this.#writing !== undefined) await this.#writing;
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  /** Reports a state that is about to pass, unless a newer one is reported in time. */
  publishSoon(): void {
    this.#cancelFlush ??= this.#context.clock.after(FLUSH_MS, () => {
      this.#cancelFlush = undefined;
      this.publish().catch(this.#options.onError);
    });
  }

  async #write(): Promise<boolean> {
    if (this.#gone || this.#lifetime.signal.aborted) return true;
    const { compute, onError, onNews } = this.#options;
    const before = this.#pod;
    const status = compute(before);
    if (status === before.status) return true;
    this.#unexplained = [];
    this.#isWriting = true;
    // After a conflict the answer has what somebody else wrote, and the event of that comes too late to be news.
    let isNews = false;
    const recompute = (current: Pod): PodStatus => {
      isNews = true;
      return compute(current);
    };
    try {
      const written = await writePodStatus(this.#context.client, { pod: before, status, compute: recompute, signal: this.#lifetime.signal });
      // When it is gone the source tells.
      if (written === undefined) return true;
      this.#written = written.metadata.resourceVersion;
      if (!isOlder(written.metadata.resourceVersion, this.#pod.metadata.resourceVersion)) this.#pod = written;
      return true;
    } catch (error) {
      if (this.#lifetime.signal.aborted) return true;
      onError(error);
      return false;
    } finally {
      this.#isWriting = false;
      if (isNews || this.#unexplained.some((version) => version !== this.#written)) onNews(before);
    }
  }

  /** Deletes it for good, unless another Pod has its name by now. @throws {ApiError} when the API could not be reached */
  async delete(signal: AbortSignal): Promise<void> {
    const { uid } = this.#pod.metadata;
    try {
      await this.#context.client.delete(Pod, this.#pod, { gracePeriodSeconds: 0, preconditions: uid === undefined ? {} : { uid }, signal });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Ends all writing. Resolves when none is under way. */
  async stop(): Promise<void> {
    this.#lifetime.abort(STOPPED);
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    await this.#writing;
  }
}

/** Why writing ended: made once, for each would cost its stack. */
const STOPPED = Object.freeze(new Error('the kubelet stopped'));

/**
 * Whether one resourceVersion came before another. An event may be on its way while a later state is known from the answer to a write; both come from one
 * server, whose versions are increasing numbers.
 *
 * @see KEP-5504 (comparable resource versions)
 */
function isOlder(a = '', b = ''): boolean {
  return a.length < b.length || (a.length === b.length && a < b);
}
