import type { Clock, KubernetesObject, WatchEvent } from '@kybern/core';
import type { Observable, Subscription } from 'rxjs';

/** A watch was silent for too long and was given up. */
class IdleWatchError extends Error {
  constructor(idleMs: number) {
    super(`no event and no bookmark for ${idleMs} ms`);
    this.name = 'IdleWatchError';
  }
}

/** Whether a watch ended because it was silent for too long. */
export function isIdleWatch(error: Error): boolean {
  return error instanceof IdleWatchError;
}

/** What {@link watchOnce} works with. */
export interface WatchOnceOptions<T extends KubernetesObject> {
  readonly open: () => Observable<WatchEvent<T>>;
  /** When it throws, the watch ends with that error. */
  readonly onEvent: (event: WatchEvent<T>) => void;
  /** Asked again for each period, since it may depend on what arrived. */
  readonly idleTimeoutMs: () => number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Consumes one watch to its end. After an error, an abort or an idle time-out no further event is passed on, and the source is unsubscribed from.
 *
 * @returns resolves with the number of events when the server ends the watch
 * @throws the watch's error, {@link IdleWatchError}, what `onEvent` threw, or the signal's reason
 */
export function watchOnce<T extends KubernetesObject>(options: WatchOnceOptions<T>): Promise<{ readonly events: number }> {
  const { open, onEvent, idleTimeoutMs, clock, signal } = options;
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    let subscription: Subscription | undefined;
    let events = 0;
    let ended = false;
    const end = (settle: () => void): void => {
      if (ended) return;
      ended = true;
      idle.stop();
      signal.removeEventListener('abort', onAbort);
      subscription?.unsubscribe();
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(error as Error));
    const onAbort = (): void => fail(signal.reason);
    const idle = watchdog({ clock, count: () => events, timeoutMs: idleTimeoutMs, onIdle: (idleMs) => fail(new IdleWatchError(idleMs)) });
    signal.addEventListener('abort', onAbort, { once: true });
    const next = (event: WatchEvent<T>): void => {
      if (ended) return;
      events += 1;
      try {
        onEvent(event);
      } catch (error) {
        fail(error);
      }
    };
    try {
      subscription = open().subscribe({ next, error: fail, complete: () => end(() => resolve({ events })) });
      // A source may end while it is being subscribed to, before there is a subscription to end.
      if (ended) subscription.unsubscribe();
    } catch (error) {
      fail(error);
    }
  });
}

/** What {@link watchdog} works with. */
interface WatchdogOptions {
  readonly clock: Clock;
  readonly count: () => number;
  readonly timeoutMs: () => number;
  readonly onIdle: (idleMs: number) => void;
}

/** Looks twice per time-out whether `count` moved: events need not touch a timer or read the clock. */
function watchdog(options: WatchdogOptions): { stop(): void } {
  const { clock, count, timeoutMs, onIdle } = options;
  let seen = count();
  let unchangedMs = 0;
  let cancel: () => void = () => undefined;
  const arm = (): void => {
    const halfMs = timeoutMs() / 2;
    cancel = clock.after(halfMs, () => look(halfMs), { background: true });
  };
  const look = (periodMs: number): void => {
    unchangedMs = count() === seen ? unchangedMs + periodMs : 0;
    seen = count();
    if (unchangedMs >= timeoutMs()) onIdle(unchangedMs);
    else arm();
  };
  arm();
  return { stop: () => cancel() };
}
