import { ApiError, isApiError, type Clock } from '@kybern/core';
import { badRequest } from '../../errors.ts';
import type { Connection } from '../../subresources/connect.ts';
import type { WireResponse } from '../body-writer.ts';
import type { HandleTarget } from '../handle.ts';
import type { WireRequest } from '../request-body.ts';
import { parsePath } from '../request-url.ts';
import { sinkOf } from '../wire.ts';
import { openConnection } from './connect-request.ts';
import { proxyRequest } from './proxy-request.ts';

/** A request without an upgrade, and its answer. */
export interface PlainExchange {
  readonly request: WireRequest;
  readonly response: WireResponse;
  readonly signal: AbortSignal;
}

/** With the URL taken apart. */
export interface ParsedExchange extends PlainExchange {
  readonly url: URL;
}

/** Answers a request for a connection that needs no upgrade: logs, and requests through proxies. @throws {ApiError} */
export async function answerConnection(target: HandleTarget, exchange: PlainExchange): Promise<void> {
  const url = URL.parse(`https://localhost${exchange.request.url ?? '/'}`);
  if (url === null) throw badRequest('the URL of the request is malformed');
  const connection = await openConnection(target, exchange.request, { url, route: parsePath(url.pathname) });
  switch (connection.type) {
    case 'log':
      return sendStream(exchange.response, { status: 200, contentType: 'text/plain', clock: target.clock }, await connection.open({ signal: exchange.signal }));
    case 'command':
    case 'ports':
      throw badRequest('Upgrade request required');
    case 'node':
      return answerNode(connection, { ...exchange, url, clock: target.clock });
    case 'proxy':
    case 'proxy-address':
      return proxyRequest(connection, { ...exchange, url });
  }
}

/** Answers as the agent of a node does. @throws {ApiError} */
export async function answerNode(
  connection: Pick<Extract<Connection, { type: 'node' }>, 'request'>,
  { request, response, url, signal, clock }: ParsedExchange & { readonly clock: Clock },
): Promise<void> {
  const { status, contentType, body } = await connection.request({ method: request.method ?? 'GET', query: url.searchParams, signal });
  if (typeof body !== 'string') return sendStream(response, { status, contentType, clock }, body);
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** What an answer begins with. */
interface StreamHead {
  readonly status: number;
  readonly contentType: string;
  readonly clock: Clock;
}

/** Sends what comes, when it comes, at the pace at which the client reads. An error in the midst cuts the answer off. */
async function sendStream(response: WireResponse, head: StreamHead, stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  // The client is gone: nobody is left to tell.
  response.once('close', () => void reader.cancel().catch(() => undefined));
  // What fails at once is an answer of its own.
  for (let next = await firstChunk(reader, response, head); !next.done; next = await reader.read()) {
    if (!response.write(next.value)) await drained(response);
    if (response.destroyed) return;
  }
  response.end();
}

/** Of a log that is followed nothing may come for long: then the client is told at least that it is there. */
async function firstChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  response: WireResponse,
  head: StreamHead,
): ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> {
  const reading = reader.read();
  const settled = await Promise.race([
    reading.then(() => true),
    new Promise<false>((resolve) => void head.clock.after(1, () => resolve(false), { background: true })),
  ]).catch((error: unknown) => {
    throw isApiError(error) ? error : new ApiError('InternalError', error instanceof Error ? error.message : String(error), { cause: error });
  });
  response.writeHead(head.status, { 'content-type': head.contentType, 'cache-control': 'no-cache, private' });
  if (!settled) response.flushHeaders();
  return reading;
}

function drained(response: WireResponse): Promise<void> {
  const sink = sinkOf(response);
  return new Promise((resolve) => {
    const settle = (): void => {
      sink.off('drain', settle);
      sink.off('close', settle);
      resolve();
    };
    sink.on('drain', settle);
    sink.on('close', settle);
  });
}
