import type { Http2SecureServer, SecureServerOptions, ServerHttp2Session } from 'node:http2';
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
  /** Cuts all of them. */
  destroy(): void;
}

/** Watches over the connections of a server: those that are half open or idle for long are closed. */
export function trackConnections(server: Http2SecureServer, logger: Logger): Connections {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
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
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    watchOver(session);
  });
  server.on('sessionError', (error: Error) => logger.debug('an HTTP/2 session failed', { error }));
  server.on('tlsClientError', (error: Error) => logger.debug('a TLS handshake failed', { error }));
  return {
    destroy() {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Without open streams an idle session is closed; with open ones its peer has to answer a ping. */
function watchOver(session: ServerHttp2Session): void {
  let streams = 0;
  let asked = false;
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => (streams -= 1));
  });
  session.setTimeout(IDLE_MS, () => {
    if (streams === 0) {
      session.close();
      return;
    }
    if (asked) {
      session.destroy();
      return;
    }
    asked = true;
    session.setTimeout(PING_TIMEOUT_MS);
    session.ping(() => {
      asked = false;
      session.setTimeout(IDLE_MS);
    });
  });
}
