import { noopLogger, systemClock, type Clock, type Logger } from '@kybern/core';
import type { ServiceRule } from '@kybern/netmodel';
import { createManagedListener, type ManagedListener, type ManagedListenerDeps } from './managed-listener.ts';
import { frontendKey, onLoopback, planListeners, type ListenAddress, type ListenAt } from './proxy-plan.ts';

/** Options of {@link createUserspaceProxy}. */
export interface UserspaceProxyOptions {
  /** Where frontends are answered. Default: {@link onLoopback}. */
  readonly listenAt?: ListenAt;
  /** Whether a client belongs to the cluster, for Services whose `externalTrafficPolicy` is `Local`. This machine always does. Default: nobody else. */
  readonly isInternal?: (address: string) => boolean;
  /** A backend is given this long to accept a connection, in ms, before the next is tried. Default: 5000. */
  readonly connectTimeoutMs?: number;
  /** A connection to a backend that is gone may last this long yet, in ms. Default: 30,000. */
  readonly drainMs?: number;
  /** A UDP flow without traffic for so long, in ms, is forgotten. Default: 60,000. */
  readonly udpIdleMs?: number;
  /** Connections (UDP: flows) of one frontend at a time; more are refused (UDP: the oldest is forgotten). Default: 4096. */
  readonly maxConnections?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** A frontend that somebody looks for; without `ip` a NodePort. */
export interface FrontendName {
  readonly ip?: string;
  readonly port: number;
  /** Default: TCP. */
  readonly protocol?: 'TCP' | 'UDP';
}

/** Carries the traffic of Services through sockets of this process. */
export interface UserspaceProxy {
  /** Replaces the rules of a Service, `namespace/name`: what `serviceRules` computes for it. */
  readonly set: (key: string, rules: readonly ServiceRule[]) => void;
  readonly remove: (key: string) => void;
  /** Where a frontend is answered on this machine; undefined when it is not, or was not yet. */
  readonly locate: (frontend: FrontendName) => ListenAddress | undefined;
  /** Resolves when what was set is in force, or cannot be. */
  readonly settled: () => Promise<void>;
  /** What could not be listened on, and what the system says to it. It is tried again by itself. */
  readonly problems: () => readonly string[];
  /** Resolves after `signal` aborted and every socket was closed. Rules that were set before take effect at once. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

interface Owned {
  readonly owner: string;
  readonly listener: ManagedListener;
}

/** A proxy without rules. Two Services that claim the same frontend: the first keeps it. */
export function createUserspaceProxy(options: UserspaceProxyOptions = {}): UserspaceProxy {
  const { listenAt = onLoopback, logger = noopLogger, clock = systemClock() } = options;
  const deps: ManagedListenerDeps = {
    clock,
    isInternal: options.isInternal ?? (() => false),
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    drainMs: options.drainMs ?? 30_000,
    udpIdleMs: options.udpIdleMs ?? 60_000,
    maxConnections: options.maxConnections ?? 4096,
    onProblem: ({ key, at }, error) => logger.warn('a frontend cannot be listened on', { frontend: key, host: at.host, port: at.port, error }),
  };
  const rules = new Map<string, readonly ServiceRule[]>();
  const listeners = new Map<string, Owned>();
  const draining = new Set<ManagedListener>();
  let state: 'ended' | 'new' | 'running' = 'new';

  const apply = (owner: string): void => {
    const planned = new Map(planListeners(rules.get(owner) ?? [], listenAt).map((plan) => [plan.key, plan]));
    for (const [key, { owner: other, listener }] of listeners) {
      if (other !== owner || planned.has(key)) continue;
      listeners.delete(key);
      listener.close();
      draining.add(listener);
      clock.after(deps.drainMs, () => draining.delete(listener), { background: true });
    }
    for (const [key, plan] of planned) {
      const known = listeners.get(key);
      if (known === undefined) listeners.set(key, { owner, listener: createManagedListener(plan, deps) });
      else if (known.owner === owner) known.listener.update(plan);
      else logger.warn('two Services claim one frontend', { frontend: key, service: owner, other: known.owner });
    }
  };
  const settled = async (): Promise<void> =>
    void (await Promise.all([...[...listeners.values()].map(({ listener }) => listener), ...draining].map((each) => each.settled())));

  return {
    set: (key, next) => {
      rules.set(key, next);
      if (state === 'running') apply(key);
    },
    remove: (key) => {
      rules.delete(key);
      if (state === 'running') apply(key);
    },
    locate: ({ ip, port, protocol = 'TCP' }) => {
      const listener = listeners.get(frontendKey({ ip, port, protocol }))?.listener;
      return listener?.at();
    },
    settled,
    problems: () =>
      [...listeners].flatMap(([key, { listener }]) => {
        const problem = listener.problem();
        return problem === undefined ? [] : [`${key}: ${problem}`];
      }),
    run: async (signal) => {
      if (state !== 'new') throw new Error('the proxy runs or ran already');
      signal.throwIfAborted();
      state = 'running';
      for (const key of rules.keys()) apply(key);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      state = 'ended';
      for (const { listener } of listeners.values()) listener.destroy();
      for (const listener of draining) listener.destroy();
      await settled();
    },
  };
}
