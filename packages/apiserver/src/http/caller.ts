import type { WireResponse } from './wire.ts';

/** The client at the other end of an exchange, for whoever works for it. */
export interface Caller {
  /** Whether it went away, or the server stops. */
  readonly gone: boolean;
  /** Aborts when it does. Made when it is asked for: most answers are over before anybody would look at it. */
  readonly signal: AbortSignal;
}

/** Why a request is over before its answer: made once, because it says nothing of one. */
const GONE: Error = new Error('the client went away');

/** Makes a {@link Caller}. @param closing aborts when the server stops */
export function createCaller(response: WireResponse, closing: AbortSignal): Caller {
  let controller: AbortController | undefined;
  const isGone = (): boolean => closing.aborted || (response.destroyed && !response.writableEnded);
  return {
    get gone() {
      return controller?.signal.aborted ?? isGone();
    },
    get signal() {
      if (controller !== undefined) return controller.signal;
      const made = (controller = new AbortController());
      const abort = (): void => made.abort(GONE);
      if (isGone()) abort();
      else {
        closing.addEventListener('abort', abort, { once: true });
        response.once('close', () => {
          closing.removeEventListener('abort', abort);
          // What was answered needs no abort, which is dear.
          if (!response.writableEnded) abort();
        });
      }
      return made.signal;
    },
  };
}
