import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Backend } from '@kybern/netmodel';
import type { Clock } from '@kybern/core';
import { backendKey } from './balancer.ts';
import { plainAddress } from './client-address.ts';
import type { Chooser } from './chooser.ts';
import type { ListenAddress } from './proxy-plan.ts';

/** An open socket that takes a frontend's traffic. */
export interface OpenListener {
  readonly port: number;
  /** The backends from now on: what goes to others is drained. */
  readonly retain: (backends: readonly Backend[]) => void;
  /** Takes nothing new from now on; what is open is drained. */
  readonly close: () => void;
  /** Ends everything at once. */
  readonly destroy: () => void;
}

/** What listeners need. */
export interface ListenerDeps {
  readonly clock: Clock;
  readonly chooser: Chooser;
  /** A backend is given this long to accept, in ms. */
  readonly connectTimeoutMs: number;
  /** A connection to a backend that is gone may last this long yet, in ms. */
  readonly drainMs: number;
  /** A UDP flow without traffic for so long, in ms, is forgotten. */
  readonly udpIdleMs: number;
  /** Connections, or flows, at one time. */
  readonly maxConnections: number;
}

interface Connection {
  readonly client: Socket;
  backend: Socket | undefined;
  backendKey: string;
  cancelDrain: (() => void) | undefined;
}

/** How many backends are tried for a connection before it is reset. */
const MAX_TRIES = 3;

/** Listens for connections and joins each with a backend; half-closed connections stay so. @throws {Error} the system's, when the address cannot be had */
export async function openTcp({ host, port }: ListenAddress, deps: ListenerDeps): Promise<OpenListener> {
  const connections = new Set<Connection>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  server.on('connection', (client) => {
    client.on('error', ignore); // it is destroyed, and 'close' follows
    const backends = connections.size >= deps.maxConnections ? [] : deps.chooser.choose(plainAddress(client.remoteAddress ?? ''), deps.clock.monotonicMs());
    if (backends.length === 0) return void client.resetAndDestroy();
    const connection: Connection = { client, backend: undefined, backendKey: '', cancelDrain: undefined };
    connections.add(connection);
    client.on('close', () => {
      connections.delete(connection);
      connection.cancelDrain?.();
      connection.backend?.destroy();
    });
    tryBackends(connection, backends.slice(0, MAX_TRIES), deps);
  });
  server.listen(port, host);
  await once(server, 'listening');
  server.on('error', ignore);
  const drainUnless = (kept: ReadonlySet<string>): void => {
    for (const connection of connections) {
      if (kept.has(connection.backendKey)) {
        connection.cancelDrain?.();
        connection.cancelDrain = undefined;
      } else connection.cancelDrain ??= deps.clock.after(deps.drainMs, () => connection.client.resetAndDestroy(), { background: true });
    }
  };
  return {
    port: (server.address() as AddressInfo).port,
    retain: (backends) => drainUnless(new Set(backends.map(backendKey))),
    close: () => {
      server.close();
      drainUnless(new Set());
    },
    destroy: () => {
      server.close();
      for (const { client } of connections) client.resetAndDestroy();
    },
  };
}

const ignore = (): void => undefined;

/** Connects to the first backend that accepts. A client whose backends all fail is reset, as if it had reached one that does not listen. */
function tryBackends(connection: Connection, [first, ...rest]: readonly Backend[], deps: ListenerDeps): void {
  const { client } = connection;
  if (client.destroyed) return;
  if (first === undefined) return void client.resetAndDestroy();
  const backend = connect({ host: first.ip, port: first.port, allowHalfOpen: true, noDelay: true });
  connection.backend = backend;
  connection.backendKey = backendKey(first);
  const cancel = deps.clock.after(deps.connectTimeoutMs, () => backend.destroy(), { background: true });
  let joined = false;
  backend.on('connect', () => {
    cancel();
    joined = true;
    client.pipe(backend);
    backend.pipe(client);
  });
  backend.on('error', () => {
    if (joined) client.resetAndDestroy(); // the backend broke off: so does the client's side
  });
  backend.on('close', () => {
    cancel();
    if (joined) client.destroySoon();
    else tryBackends(connection, rest, deps);
  });
}
