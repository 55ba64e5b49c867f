import { CrashedError } from '../processes/process.ts';
import type { CallFault, FaultScope, FaultSource, Strike } from './fault-source.ts';
import { isInScope } from './fault-source.ts';
import { isWrite } from './request-faults.ts';

/** How long what crashed stays away. */
const AWAY_MS = 1_000;

/** Processes that crash at a write, before or after the server does it, and start again a second later with empty caches. */
export function crashes(scope: FaultScope = {}): FaultSource {
  return {
    name: 'crashes',
    chance: scope.chance ?? 0.05,
    ofCall(call, cluster) {
      const { process } = call;
      if (!isWrite(call) || !isInScope(scope, process)) return [];
      const error = new CrashedError(process.name);
      const then = (): void => cluster.crash(process, AWAY_MS);
      return [
        { name: 'crash after the write', fault: { type: 'lose', error, then } },
        { name: 'crash before the write', fault: { type: 'fail', error, then } },
      ] satisfies CallFault[];
    },
    strikes: ({ processes, crash }) =>
      processes
        .filter((process) => process.alive && isInScope(scope, process))
        .map((process): Strike => ({ name: `${process.name} crashes`, forMs: AWAY_MS, begin: () => (crash(process, AWAY_MS), undefined) })),
  };
}

/** The API server goes away for some seconds, with all watches, and comes back with its state. */
export function apiServerCrashes({ chance = 0.03 }: Pick<FaultScope, 'chance'> = {}): FaultSource {
  return {
    name: 'API server crashes',
    chance,
    strikes: (cluster) =>
      [1_000, 10_000].map((forMs) => ({
        name: `the API server is gone for ${String(forMs)} ms`,
        forMs,
        begin: () => (cluster.stopApiServer(forMs), undefined),
      })),
  };
}

/** Processes whose requests do not reach the API server for a while, and whose watches are cut. */
export function partitions(scope: FaultScope = {}): FaultSource {
  return {
    name: 'partitions',
    chance: scope.chance ?? 0.03,
    strikes: ({ processes }) =>
      processes
        .filter((process) => process.connected && isInScope(scope, process))
        .flatMap((process) =>
          [3_000, 60_000].map((forMs) => ({
            name: `${process.name} is cut off for ${String(forMs)} ms`,
            forMs,
            begin: () => (process.disconnect(), () => process.connect()),
          })),
        ),
  };
}

/** Processes whose wall clocks are wrong for a while. */
export function clockSkew(scope: FaultScope = {}): FaultSource {
  return {
    name: 'clock skew',
    chance: scope.chance ?? 0.02,
    strikes: ({ processes }) =>
      processes
        .filter((process) => isInScope(scope, process))
        .flatMap((process) =>
          [5_000, -60_000, 300_000].map((ms) => ({
            name: `the clock of ${process.name} is ${String(ms)} ms ahead`,
            forMs: 60_000,
            begin: () => (process.skewClock(ms), () => process.skewClock(0)),
          })),
        ),
  };
}
