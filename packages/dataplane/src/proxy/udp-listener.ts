import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Backend } from '@kybern/netmodel';
import { backendKey } from './balancer.ts';
import { plainAddress } from './client-address.ts';
import type { ListenAddress } from './proxy-plan.ts';
import type { ListenerDeps, OpenListener } from './tcp-listener.ts';

/** What one client's port sends, and where it goes. */
interface Flow {
  readonly socket: Socket;
  readonly backendKey: string;
  lastMs: number;
  /** Datagrams that wait for the socket to be connected. */
  waiting: Uint8Array[] | undefined;
}

/** So many datagrams wait for a new flow's socket; more are lost, as datagrams may be. */
const MAX_WAITING = 16;

/** Listens for datagrams; those of one client's port go to one backend until it is gone or nothing comes for a while. @throws {Error} the system's, when the address cannot be had */
export async function openUdp({ host, port }: ListenAddress, deps: ListenerDeps): Promise<OpenListener> {
  const { clock, chooser, udpIdleMs, maxConnections } = deps;
  const flows = new Map<string, Flow>(); // in the order of use
  const server = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  let open = true;
  const end = (key: string): void => {
    flows.get(key)?.socket.close();
    flows.delete(key);
  };
  server.on('message', (bytes, from) => {
    const key = `${from.address} ${String(from.port)}`;
    const nowMs = clock.monotonicMs();
    const flow = flows.get(key) ?? start(key, from, nowMs);
    if (flow === undefined) return;
    flow.lastMs = nowMs;
    flows.delete(key);
    flows.set(key, flow);
    if (flow.waiting === undefined) flow.socket.send(bytes, ignore);
    else if (flow.waiting.length < MAX_WAITING) flow.waiting.push(bytes);
  });
  const start = (key: string, from: RemoteInfo, nowMs: number): Flow | undefined => {
    const [backend] = chooser.choose(plainAddress(from.address), nowMs);
    if (backend === undefined) return undefined;
    for (const oldest of flows.keys()) {
      if (flows.size < maxConnections) break;
      end(oldest);
    }
    const socket = createSocket(isIPv6(backend.ip) ? 'udp6' : 'udp4');
    const flow: Flow = { socket, backendKey: backendKey(backend), lastMs: nowMs, waiting: [] };
    socket.on('error', () => flows.get(key) === flow && end(key));
    socket.on('message', (bytes) => {
      flow.lastMs = clock.monotonicMs();
      if (open) server.send(bytes, from.port, from.address, ignore);
    });
    socket.connect(backend.port, backend.ip, () => {
      for (const bytes of flow.waiting ?? []) socket.send(bytes, ignore);
      flow.waiting = undefined;
    });
    flows.set(key, flow);
    return flow;
  };
  server.bind(port, host);
  await once(server, 'listening');
  server.on('error', ignore);
  let cancelSweep = (): void => undefined;
  const sweep = (): void => {
    for (const [key, { lastMs }] of flows) if (clock.monotonicMs() - lastMs >= udpIdleMs) end(key);
    cancelSweep = clock.after(udpIdleMs, sweep, { background: true });
  };
  sweep();
  const destroy = (): void => {
    if (!open) return;
    open = false;
    cancelSweep();
    server.close();
    for (const key of [...flows.keys()]) end(key);
  };
  return {
    port: server.address().port,
    retain: (backends: readonly Backend[]) => {
      const kept = new Set(backends.map(backendKey));
      for (const [key, flow] of [...flows]) if (!kept.has(flow.backendKey)) end(key);
    },
    close: destroy, // a datagram is answered at once or not at all: there is nothing to drain
    destroy,
  };
}

const ignore = (): void => undefined;
