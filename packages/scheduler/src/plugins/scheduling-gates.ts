import type { PreEnqueuePlugin } from '../engine/plugin.ts';
import { unresolvable } from '../engine/status.ts';

/**
 * Keeps Pods out of the queue while they have scheduling gates.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go
 */
export function schedulingGates(): PreEnqueuePlugin {
  return {
    name: 'SchedulingGates',
    preEnqueue({ spec }) {
      const gates = spec.schedulingGates ?? [];
      return gates.length === 0 ? undefined : unresolvable(`waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`);
    },
    eventsToRegister: () => [{ resource: 'TargetPod', actions: ['UpdatePodSchedulingGatesEliminated'] }],
  };
}
