import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { ApiError } from '@kybern/core';

/** What {@link openTunnel} works with. */
export interface TunnelOptions {
  /** `http://user:password@host:port`, or https. */
  readonly proxyUrl: string;
  /** The server behind it: `https://host:port`. */
  readonly server: string;
  /** How to talk to an https server; of no use for others. */
  readonly tls: ConnectionOptions;
  readonly signal?: AbortSignal | undefined;
}

const OK = 200;

/**
 * A connection to a server through an HTTP proxy, by CONNECT; with TLS inside where the server has it.
 *
 * @throws {ApiError} `ServiceUnavailable` when the proxy refuses or cannot be reached
 */
export async function openTunnel({ proxyUrl, server, tls, signal }: TunnelOptions): Promise<Duplex> {
  const target = new URL(server);
  const isTls = target.protocol === 'https:';
  const port = target.port === '' ? (isTls ? 443 : 80) : Number(target.port);
  const socket = await connectThrough(new URL(proxyUrl), `${target.hostname}:${String(port)}`, signal);
  if (!isTls) return socket;
  const host = target.hostname.replace(/^\[|\]$/g, '');
  // An address is not a name that a server could be asked for by.
  return connectTls({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls });
}

function connectThrough(proxy: URL, authority: string, signal: AbortSignal | undefined): Promise<Duplex> {
  const open = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const credentials = proxy.username === '' ? undefined : `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const authorization = credentials === undefined ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      const message = `the proxy ${proxy.host} does not connect to ${authority}: ${why}`;
      reject(signal?.aborted === true ? (signal.reason as Error) : new ApiError('ServiceUnavailable', message, { cause }));
    };
    const request = open({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      ...(proxy.port === '' ? {} : { port: Number(proxy.port) }),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...authorization },
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    });
    request.once('connect', ({ statusCode, statusMessage }, socket) => {
      if (statusCode === OK) return resolve(socket);
      socket.destroy();
      fail(`${String(statusCode)} ${statusMessage ?? ''}`.trim());
    });
    request.once('response', (answer) => {
      answer.destroy();
      fail(`${String(answer.statusCode)} ${answer.statusMessage ?? ''}`.trim());
    });
    request.once('error', (error) => fail(error.message, error));
    request.end();
  });
}
