import { ForwardError, isIdempotent, type Answer, type Attempt, type ForwardParts, type Outgoing } from './attempt.ts';
import type { Endpoint } from './endpoint-book.ts';
import { askHttp1 } from './http1-attempt.ts';
import { askHttp2 } from './http2-attempt.ts';

/** At most so many endpoints are tried. */
const MOST_TRIES = 4;

/**
 * Asks one endpoint after the other until one answers. Whoever could not be connected to is passed over, whatever the request; one that broke the connection
 * before it answered only when the request may be repeated and has no body.
 *
 * @param endpoints in the order in which they are tried
 * @throws {ForwardError} nobody answered
 */
export async function forward(outgoing: Outgoing, endpoints: readonly Endpoint[], parts: ForwardParts): Promise<Answer> {
  if (endpoints.length === 0) throw new ForwardError(503, 'there are no endpoints');
  let last: unknown;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const endpoint = endpoints[tries % endpoints.length] as Endpoint;
    const attempt: Attempt = { connected: false, timedOut: false };
    try {
      return await (endpoint.http2 === true ? askHttp2 : askHttp1)(outgoing, endpoint, parts, attempt);
    } catch (error) {
      last = error;
      if (parts.signal.aborted || attempt.timedOut || !mayBeRepeated(outgoing, attempt)) break;
    }
  }
  if (last instanceof ForwardError) throw last;
  throw new ForwardError(502, last instanceof Error ? last.message : String(last), { cause: last });
}

/** Whether another endpoint may get the request, now that one failed. */
const mayBeRepeated = ({ body, method }: Outgoing, { connected }: Attempt): boolean => !connected || (body === undefined && isIdempotent(method));
