import { apiServerCrashes, clockSkew, crashes, partitions } from './crash-faults.ts';
import type { FaultSource } from './fault-source.ts';
import { containerFaults, deadNodes, failedPulls, fullDisks, slowNodes } from './node-faults.ts';
import { conflicts, duplicatedLists, failedRequests, lostResponses, slowRequests } from './request-faults.ts';
import { cutWatches, staleCaches, timeTravel } from './watch-faults.ts';

/** What `chaos` breaks: what is between processes and the API server, the processes, the nodes, or everything. */
export type ChaosProfile = 'network' | 'processes' | 'nodes' | 'everything';

/** Many faults together. @example explore({ faults: chaos('network') }, …) */
export function chaos(profile: ChaosProfile = 'everything'): readonly FaultSource[] {
  switch (profile) {
    case 'network':
      return [lostResponses(), failedRequests(), conflicts(), slowRequests(), duplicatedLists(), staleCaches(), cutWatches(), partitions()];
    case 'processes':
      return [crashes(), apiServerCrashes(), timeTravel(), clockSkew()];
    case 'nodes':
      return [deadNodes(), slowNodes(), fullDisks(), failedPulls(), containerFaults()];
    case 'everything':
      return [...chaos('network'), ...chaos('processes'), ...chaos('nodes')];
  }
}
