import type { Clock } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { WaitingPod, WaitingPods } from '../engine/plugin.ts';
import { unschedulable, withPlugin, type StatusResult } from '../engine/status.ts';

/** A plugin that wants a Pod to wait, and for how long at most. */
export interface Hold {
  readonly plugin: string;
  readonly timeoutMs: number;
}

/** The Pods that Permit plugins hold back. Invariant: a Pod is here exactly while {@link hold}'s promise is open. */
export class PermitRoom implements WaitingPods {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(uid: string): WaitingPod | undefined {
    return this.#waiting.get(uid);
  }

  list(): readonly WaitingPod[] {
    return [...this.#waiting.values()];
  }

  /**
   * Resolves when all plugins have let the Pod go (`undefined`), or one has turned it down, or its time is over.
   *
   * @throws the signal's reason
   */
  async hold({ pod, nodeName }: { readonly pod: Pod; readonly nodeName: string }, holds: readonly Hold[], signal: AbortSignal): Promise<StatusResult> {
    const uid = pod.metadata.uid ?? '';
    const waiting = new Waiting(pod, nodeName);
    this.#waiting.set(uid, waiting);
    signal.addEventListener('abort', waiting.onAbort, { once: true });
    const cancels = holds.map(({ plugin, timeoutMs }) => {
      waiting.pending.add(plugin);
      return this.#clock.after(timeoutMs, () => waiting.reject(plugin, `rejected due to timeout after waiting ${durationText(timeoutMs)} at plugin ${plugin}`));
    });
    try {
      signal.throwIfAborted();
      const status = await waiting.settled;
      signal.throwIfAborted();
      return status;
    } finally {
      signal.removeEventListener('abort', waiting.onAbort);
      for (const cancel of cancels) cancel();
      this.#waiting.delete(uid);
    }
  }
}

class Waiting implements WaitingPod {
  readonly item: Pod;
  readonly nodeName: string;
  readonly pending = new Set<string>();
  readonly settled: Promise<StatusResult>;
  readonly onAbort = (): void => this.#settle(undefined);
  #settle: (status: StatusResult) => void = () => undefined;

  constructor(pod: Pod, nodeName: string) {
    this.item = pod;
    this.nodeName = nodeName;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
  }

  get pendingPlugins(): readonly string[] {
    return [...this.pending];
  }

  allow(plugin: string): void {
    this.pending.delete(plugin);
    if (this.pending.size === 0) this.#settle(undefined);
  }

  reject(plugin: string, message: string): void {
    this.#settle(withPlugin(unschedulable(message), plugin));
  }
}

/** A time as Kubernetes writes it: `5m0s`, `1h30m0s`, `1.5s`, `250ms`. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1000) return `${ms}ms`;
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms % 60_000) / 1000];
  return `${hours > 0 ? `${hours}h` : ''}${ms >= 60_000 ? `${minutes}m` : ''}${seconds}s`;
}
