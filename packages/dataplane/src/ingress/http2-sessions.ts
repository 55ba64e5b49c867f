import { connect, type ClientHttp2Session } from 'node:http2';
import type { Endpoint } from './endpoint-book.ts';

/** Connections in HTTP/2 without TLS, one for each endpoint that is spoken to in it. */
export interface Http2Sessions {
  /** The connection to an endpoint: the one that is there, else a new one. Rejects when it cannot be made. */
  readonly get: (endpoint: Endpoint) => Promise<ClientHttp2Session>;
  /** What is under way to an endpoint goes on; nothing else goes there. */
  readonly forget: (endpoint: Endpoint) => void;
  readonly close: () => void;
}

/** Makes {@link Http2Sessions}. */
export function createHttp2Sessions(): Http2Sessions {
  const sessions = new Map<string, Promise<ClientHttp2Session>>();
  const keyOf = ({ ip, port }: Endpoint): string => `${ip.includes(':') ? `[${ip}]` : ip}:${String(port)}`;
  const open = (key: string): Promise<ClientHttp2Session> => {
    const session = connect(`http://${key}`);
    const drop = (): void => void (sessions.get(key) === made && sessions.delete(key));
    const made = new Promise<ClientHttp2Session>((resolve, reject) => {
      session.once('connect', () => resolve(session));
      session.on('error', reject); // after it was made: its streams tell
      session.on('close', () => (drop(), reject(new Error(`${key} closed the connection`))));
      session.on('goaway', drop);
    });
    made.catch(drop);
    sessions.set(key, made);
    return made;
  };
  return {
    get(endpoint) {
      const key = keyOf(endpoint);
      return sessions.get(key) ?? open(key);
    },
    forget(endpoint) {
      const key = keyOf(endpoint);
      const session = sessions.get(key);
      sessions.delete(key);
      session?.then(
        (each) => each.close(),
        () => undefined, // it was never made
      );
    },
    close() {
      for (const session of sessions.values())
        session.then(
          (each) => each.destroy(),
          () => undefined, // it was never made
        );
      sessions.clear();
    },
  };
}
