import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '@kybern/core';
import type { WireRequest } from '../request-body.ts';
import { startRequest, type Proxied } from './proxy-request.ts';

/** A request for another protocol that is for the server behind the proxy. */
export interface ProxiedUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly url: URL;
  readonly signal: AbortSignal;
}

/** Passes a request for another protocol on; once the server agrees, everything goes through in both directions. @throws {ApiError} when it does not */
export async function proxyUpgrade(connection: Proxied, { request, socket, head, url, signal }: ProxiedUpgrade): Promise<void> {
  const headers = { connection: 'Upgrade', upgrade: request.headers.upgrade };
  const sent = await startRequest(connection, { request: request as unknown as WireRequest, url, signal, headers });
  const [answer, server, begun] = await new Promise<[IncomingMessage, Duplex, Buffer]>((resolve, reject) => {
    sent.once('upgrade', (...agreed: [IncomingMessage, Duplex, Buffer]) => resolve(agreed));
    sent.once('response', (refused) => {
      refused.resume();
      reject(new ApiError('ServiceUnavailable', `the server behind the proxy answered ${String(refused.statusCode)} in place of switching protocols`));
    });
    sent.once('error', (error) => reject(new ApiError('ServiceUnavailable', `error trying to reach service: ${error.message}`, { cause: error })));
    sent.end();
  });
  const lines = [];
  for (let i = 0; i < answer.rawHeaders.length; i += 2) lines.push(`${answer.rawHeaders[i] ?? ''}: ${answer.rawHeaders[i + 1] ?? ''}`);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
  if (begun.length > 0) socket.write(begun);
  if (head.length > 0) server.write(head);
  socket.on('close', () => server.destroy());
  server.on('error', () => socket.destroy());
  server.on('close', () => socket.end());
  server.pipe(socket);
  socket.pipe(server);
}
