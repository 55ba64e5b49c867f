import type { Backend } from '@kybern/netmodel';
import { createBalancer } from './balancer.ts';
import { inRanges, isLoopback } from './client-address.ts';
import type { PlannedListener } from './proxy-plan.ts';

/** Chooses for the clients of one frontend. */
export interface Chooser {
  readonly update: (plan: PlannedListener) => void;
  /** The backends to try, the first first; empty when the client is not let in, or there is none for it. */
  readonly choose: (client: string, nowMs: number) => readonly Backend[];
}

/** @param isInternal whether a client belongs to the cluster; this machine itself always does */
export function createChooser(plan: PlannedListener, isInternal: (address: string) => boolean): Chooser {
  const internal = createBalancer();
  const external = createBalancer();
  let ranges = plan.sourceRanges;
  const update = (next: PlannedListener): void => {
    ranges = next.sourceRanges;
    internal.update(next.internal, next.affinitySeconds);
    external.update(next.external, next.affinitySeconds);
  };
  update(plan);
  return {
    update,
    choose: (client, nowMs) => {
      if (ranges !== undefined && !inRanges(client, ranges)) return [];
      return (isLoopback(client) || isInternal(client) ? internal : external).choose(client, nowMs);
    },
  };
}

/** Every backend that a frontend may lead to. */
export const backendsOf = ({ internal, external }: PlannedListener): readonly Backend[] => [...internal.backends, ...external.backends];
