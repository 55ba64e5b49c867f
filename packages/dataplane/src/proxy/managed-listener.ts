import type { Clock } from '@kybern/core';
import { backendsOf, createChooser } from './chooser.ts';
import type { ListenAddress, PlannedListener } from './proxy-plan.ts';
import { openTcp, type ListenerDeps, type OpenListener } from './tcp-listener.ts';
import { openUdp } from './udp-listener.ts';

/** A listener that is open while something stands behind it. */
export interface ManagedListener {
  /** Where it is, or was when it was last open. */
  readonly at: () => ListenAddress | undefined;
  readonly isOpen: () => boolean;
  /** What the system says to the address, while it cannot be had. */
  readonly problem: () => string | undefined;
  readonly update: (plan: PlannedListener) => void;
  /** Takes nothing new; connections are drained. */
  readonly close: () => void;
  readonly destroy: () => void;
  /** Resolves when it is as it should be, or cannot be. */
  readonly settled: () => Promise<void>;
}

/** What a managed listener needs. */
export interface ManagedListenerDeps extends Omit<ListenerDeps, 'chooser'> {
  readonly clock: Clock;
  readonly isInternal: (address: string) => boolean;
  readonly onProblem: (plan: PlannedListener, error: Error) => void;
}

const RETRY_MS = [1000, 5000, 30_000];

/**
 * Opens and closes the socket of a frontend. Without a backend the socket is closed, so that the system itself refuses connections; when there
 * is one again it is opened at the same port.
 */
export function createManagedListener(first: PlannedListener, deps: ManagedListenerDeps): ManagedListener {
  const chooser = createChooser(first, deps.isInternal);
  const inner: ListenerDeps = { ...deps, chooser };
  let plan = first;
  let wanted: 'closed' | 'destroyed' | 'open' = backendsOf(first).length > 0 ? 'open' : 'closed';
  let open: OpenListener | undefined;
  const drained = new Set<OpenListener>();
  let at: ListenAddress | undefined;
  let problem: string | undefined;
  let failures = 0;
  let cancelRetry = (): void => undefined;
  let working: Promise<void> | undefined;
  let changed = false;

  const step = async (): Promise<boolean> => {
    if (wanted === 'open' && open === undefined) {
      try {
        const opened = await (plan.protocol === 'TCP' ? openTcp : openUdp)(at ?? plan.at, inner);
        open = opened;
        at = { host: plan.at.host, port: opened.port };
        [problem, failures] = [undefined, 0];
      } catch (error) {
        const cause = error instanceof Error ? error : new Error(String(error));
        problem = cause.message;
        deps.onProblem(plan, cause);
        cancelRetry = deps.clock.after(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 0, settle, { background: true });
        return false;
      }
    } else if (wanted !== 'open' && open !== undefined) {
      if (wanted === 'destroyed') open.destroy();
      else {
        const closed = open;
        closed.close();
        drained.add(closed);
        deps.clock.after(deps.drainMs, () => drained.delete(closed), { background: true });
      }
      open = undefined;
    } else return false;
    return true;
  };
  const settle = (): void => {
    cancelRetry();
    changed = true;
    working ??= (async () => {
      do {
        changed = false;
        while (await step());
      } while (changed);
      open?.retain(backendsOf(plan)); // the backends may have changed while it was opened
      working = undefined;
    })();
  };
  settle();
  return {
    at: () => at,
    isOpen: () => open !== undefined,
    problem: () => problem,
    update: (next) => {
      plan = next;
      chooser.update(next);
      wanted = backendsOf(next).length > 0 ? 'open' : 'closed';
      settle();
    },
    close: () => {
      wanted = 'closed';
      settle();
    },
    destroy: () => {
      wanted = 'destroyed';
      for (const each of drained) each.destroy();
      settle();
    },
    settled: async () => {
      while (working !== undefined) await working;
    },
  };
}
