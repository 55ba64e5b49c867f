import { isApiError, isNotFound, keyOf, sleep, type Client, type Clock, type StatusReason } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { Status } from '../engine/status.ts';

/** Answers that say that nothing was done. After any other error the binding may have happened all the same. */
const REFUSALS: ReadonlySet<StatusReason> = new Set<StatusReason>([
  'Unauthorized',
  'Forbidden',
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Gone',
  'Invalid',
  'TooManyRequests',
  'BadRequest',
  'MethodNotAllowed',
  'NotAcceptable',
  'RequestEntityTooLarge',
  'UnsupportedMediaType',
  'Expired',
]);

/** Whether a failed Bind left the Pod certainly unbound. A rejection by the plugin itself is certain. */
export function isCertainlyUnbound({ code, cause }: Status): boolean {
  if (code !== 'Error') return true;
  return isApiError(cause) && REFUSALS.has(cause.reason);
}

/** What became of a binding whose answer was lost. */
export type BindingOutcome = { readonly type: 'bound'; readonly nodeName: string } | { readonly type: 'unbound' } | { readonly type: 'gone' };

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 10_000;

/**
 * Asks the API server whether a Pod was bound, for as long as it takes to get an answer.
 *
 * @throws the signal's reason
 */
export async function findBindingOutcome(
  pod: Pod,
  { client, clock, signal }: { readonly client: Client; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<BindingOutcome> {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(MAX_DELAY_MS, delayMs * 2)) {
    signal.throwIfAborted();
    try {
      const found = await client.get(Pod, keyOf(pod), { signal });
      if (found.metadata.uid !== pod.metadata.uid) return { type: 'gone' };
      const { nodeName = '' } = found.spec;
      return nodeName === '' ? { type: 'unbound' } : { type: 'bound', nodeName };
    } catch (error) {
      if (isNotFound(error)) return { type: 'gone' };
      signal.throwIfAborted();
      // The server cannot be asked now: the Pod keeps its room until it can.
      await sleep(clock, delayMs, { signal });
    }
  }
}
