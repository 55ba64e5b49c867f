import type { Agent, IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '@kybern/core';
import type { Endpoint } from './endpoint-book.ts';
import type { Http2Sessions } from './http2-sessions.ts';

/** A request on its way to an endpoint. */
export interface Outgoing {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly string[];
  /** Undefined: it has none. */
  readonly body: Readable | undefined;
}

/** What {@link forward} works with. */
export interface ForwardParts {
  readonly agent: Agent;
  readonly http2: Http2Sessions;
  readonly clock: Clock;
  /** How long an endpoint may take to accept a connection, in ms. */
  readonly connectMs: number;
  /** How long one may be silent once it has the whole request, in ms. */
  readonly answerMs: number;
  /** Ends it, when whoever asked is gone. */
  readonly signal: AbortSignal;
}

/** A response of an endpoint. */
export interface EndpointResponse {
  readonly statusCode: number | undefined;
  readonly rawHeaders: readonly string[];
  /** Known once the body has ended. */
  readonly trailers: () => Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
  /** Whether all of the body came, once it has ended. */
  readonly isWhole: () => boolean;
}

/** What an endpoint answered: a response, or another protocol. */
export type Answer =
  | { readonly type: 'response'; readonly response: EndpointResponse; readonly endpoint: Endpoint }
  | { readonly type: 'upgrade'; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer; readonly endpoint: Endpoint };

/** Why there is no answer: nobody could be reached, the one that was did not answer in time, or answered something else than HTTP. */
export class ForwardError extends Error {
  readonly status: 500 | 502 | 503 | 504;
  constructor(status: 500 | 502 | 503 | 504, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ForwardError';
    this.status = status;
  }
}

/** May be repeated without doing harm. @see RFC 9110 section 9.2.2 */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Whether a request of this method may be repeated. */
export const isIdempotent = (method: string): boolean => IDEMPOTENT.has(method);

/** How far one request to one endpoint came. */
export interface Attempt {
  /** Somebody may have seen the request. */
  connected: boolean;
  /** It was connected to, and silent. */
  timedOut: boolean;
}
