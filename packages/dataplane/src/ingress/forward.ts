import { request as httpRequest, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '@kybern/core';
import type { Endpoint } from './endpoint-book.ts';
import { Http2Attempt } from './http2-attempt.ts';
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
  /** How long one may be silent before it answers, in ms. */
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

/** At most so many endpoints are tried. */
const MOST_TRIES = 4;
/** May be repeated without doing harm. @see RFC 9110 section 9.2.2 */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Whether a request of this method may be repeated. */
export const isIdempotent = (method: string): boolean => IDEMPOTENT.has(method);

/** One request to one endpoint. */
export interface AttemptParts {
  readonly answer: Promise<Answer>;
  readonly timedOut: boolean;
  /** Whether another endpoint may get the request, now that this one failed. */
  readonly mayBeRepeated: boolean;
}

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
    const attempt: AttemptParts = endpoint.http2 === true ? new Http2Attempt(outgoing, endpoint, parts) : new Attempt(outgoing, endpoint, parts);
    try {
      return await attempt.answer;
    } catch (error) {
      last = error;
      if (parts.signal.aborted || attempt.timedOut || !attempt.mayBeRepeated) break;
    }
  }
  if (last instanceof ForwardError) throw last;
  throw new ForwardError(502, last instanceof Error ? last.message : String(last), { cause: last });
}

/** In HTTP/1.1. */
class Attempt implements AttemptParts {
  readonly answer: Promise<Answer>;
  timedOut = false;
  #connected = false;
  readonly #outgoing: Outgoing;

  constructor(outgoing: Outgoing, endpoint: Endpoint, parts: ForwardParts) {
    this.#outgoing = outgoing;
    this.answer = new Promise((resolve, reject) => this.#begin(endpoint, parts, { resolve, reject }));
  }

  get mayBeRepeated(): boolean {
    return !this.#connected || (this.#outgoing.body === undefined && isIdempotent(this.#outgoing.method));
  }

  #begin(endpoint: Endpoint, parts: ForwardParts, { resolve, reject }: { resolve: (answer: Answer) => void; reject: (error: unknown) => void }): void {
    const { method, target, headers, body } = this.#outgoing;
    const { clock, agent, signal } = parts;
    const request = httpRequest({ host: endpoint.ip, port: endpoint.port, method, path: target, headers: headers as string[], agent, signal, setHost: false });
    let cancel = clock.after(parts.connectMs, () => this.#giveUp(request, `${endpoint.ip} does not accept connections`), { background: true });
    const connected = (): void => {
      this.#connected = true;
      cancel();
      cancel = clock.after(parts.answerMs, () => this.#giveUp(request, `${endpoint.ip} does not answer`), { background: true });
      if (body === undefined) request.end();
      else body.on('error', () => request.destroy()).pipe(request);
    };
    request.on('socket', (socket) => (socket.connecting ? socket.once('connect', connected) : connected()));
    request.on('response', (response) => {
      cancel();
      const { statusCode, rawHeaders } = response;
      resolve({ type: 'response', response: { statusCode, rawHeaders, trailers: () => response.trailers, body: response }, endpoint });
    });
    request.on('upgrade', (response, socket, head) => {
      cancel();
      resolve({ type: 'upgrade', response, socket, head, endpoint });
    });
    request.on('error', (error) => {
      cancel();
      reject(error);
    });
  }

  #giveUp(request: ClientRequest, message: string): void {
    this.timedOut = this.#connected;
    request.destroy(new ForwardError(504, message));
  }
}
