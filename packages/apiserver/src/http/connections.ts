import type { Http2SecureServer, Http2Session, SecureServerOptions, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Logger } from '@kybern/core';

/** How long a client may take for its TLS handshake. @see go net/http (the server's handshake ends with the read-header timeout) */
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** How long a client may take to send its headers. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/server/secure_serving.go (ReadHeaderTimeout) */
const HEADERS_TIMEOUT_MS = 32_000;
/** After so long without a sign of life a peer is asked whether it is still there, or, with nothing under way, sent away. */
const IDLE_MS = 90_000;
/** How long it may take to answer. */
const PING_TIMEOUT_MS = 15_000;
/** Streams of one connection at a time; a client that wants more opens another connection. */
const MAX_STREAMS = 1000;

/** What one connection may cost. */
export const SERVER_LIMITS: SecureServerOptions = {
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  maxHeaderListPairs: 128,
  maxSessionMemory: 32,
  settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: 65_536, initialWindowSize: 1_048_576 },
};

/** The connections of a server. */
export interface Connections {
  /** A request of an HTTP/2 session is being answered. */
  began(session: Http2Session | undefined): void;
  /** It was. */
  ended(session: Http2Session | undefined): void;
  /** Cuts all of them. */
  destroy(): void;
}

/** Watches over the connections of a server: those that are half open or idle for long are closed. */
export function trackConnections(server: Http2SecureServer, logger: Logger): Connections {
  const sockets = new Set<Socket>();
  /** Invariant: those that are open, each with how many of its requests are being answered. */
  const sessions = new Map<Http2Session, number>();
  const count = (session: Http2Session | undefined, by: number): void => {
    const before = session === undefined ? undefined : sessions.get(session);
    if (session !== undefined && before !== undefined) sessions.set(session, before + by);
  };
  server.setTimeout(0);
  const http1 = server as unknown as { headersTimeout?: number; requestTimeout?: number; keepAliveTimeout?: number }; // the HTTP/1.1 side's properties, which the types leave out
  http1.headersTimeout = HEADERS_TIMEOUT_MS;
  http1.requestTimeout = 60_000;
  http1.keepAliveTimeout = IDLE_MS;
  server.on('connection', (socket: Socket) => {
    socket.setKeepAlive(true, 30_000);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.set(session, 0);
    session.once('close', () => sessions.delete(session));
    watchOver(session, () => sessions.get(session) ?? 0);
  });
  server.on('sessionError', (error: Error) => logger.debug('an HTTP/2 session failed', { error }));
  server.on('tlsClientError', (error: Error) => logger.debug('a TLS handshake failed', { error }));
  return {
    began: (session) => count(session, 1),
    ended: (session) => count(session, -1),
    destroy() {
      for (const session of sessions.keys()) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Without requests an idle session is closed, and cut when that does not end it; with requests its peer has to answer a ping. */
function watchOver(session: ServerHttp2Session, requests: () => number): void {
  let asked = false;
  session.setTimeout(IDLE_MS, () => {
    if (asked || session.closed) {
      session.destroy();
    } else if (requests() === 0) {
      session.close();
      session.setTimeout(IDLE_MS);
    } else {
      asked = true;
      session.setTimeout(PING_TIMEOUT_MS);
      session.ping(() => {
        asked = false;
        session.setTimeout(IDLE_MS);
      });
    }
  });
}
