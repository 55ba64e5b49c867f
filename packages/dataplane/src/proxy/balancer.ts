import type { Backend, Destination } from '@kybern/netmodel';

/** Chooses the backend of a connection. */
export interface Balancer {
  /** The backends from now on. Clients that stay with one that is gone get another. */
  readonly update: (destination: Destination, affinitySeconds: number | undefined) => void;
  /** The backends to try for a client, the chosen one first; empty when there is none. */
  readonly choose: (client: string, nowMs: number) => readonly Backend[];
}

/** Clients that are remembered for session affinity; the one that was not seen for the longest is forgotten first. */
const MAX_CLIENTS = 10_000;

/** Where a backend answers. */
export const backendKey = ({ ip, port }: Pick<Backend, 'ip' | 'port'>): string => `${ip} ${String(port)}`;

/** Takes the backends in turn; with session affinity a client stays with its own for as long as it comes back in time. */
export function createBalancer(): Balancer {
  let backends: readonly Backend[] = [];
  let affinityMs: number | undefined;
  let turn = 0;
  const clients = new Map<string, { readonly backend: string; readonly untilMs: number }>();

  const rotated = (first: number): readonly Backend[] => [...backends.slice(first), ...backends.slice(0, first)];
  const remember = (client: string, backend: Backend, untilMs: number): void => {
    clients.delete(client);
    clients.set(client, { backend: backendKey(backend), untilMs });
    for (const oldest of clients.keys()) {
      if (clients.size <= MAX_CLIENTS) break;
      clients.delete(oldest);
    }
  };
  return {
    update: (destination, affinitySeconds) => {
      backends = destination.backends;
      affinityMs = affinitySeconds === undefined ? undefined : affinitySeconds * 1000;
      if (affinityMs === undefined) clients.clear();
    },
    choose: (client, nowMs) => {
      if (backends.length === 0) return [];
      const known = affinityMs === undefined ? undefined : clients.get(client);
      const own = known === undefined || known.untilMs <= nowMs ? -1 : backends.findIndex((each) => backendKey(each) === known.backend);
      const order = rotated(own >= 0 ? own : turn++ % backends.length);
      if (affinityMs !== undefined && order[0] !== undefined) remember(client, order[0], nowMs + affinityMs);
      return order;
    },
  };
}
