import type { Pod } from '@kybern/core/kinds';
import { portsClash } from '../cluster/node-entry.ts';
import { podRequests } from '../cluster/pod-requests.ts';
import type { FilterPlugin, PreFilterPlugin } from '../engine/plugin.ts';
import { skip, unschedulable, withPlugin } from '../engine/status.ts';

const NAME = 'NodePorts';
const REJECTED = Object.freeze(withPlugin(unschedulable("node(s) didn't have free ports for the requested pod ports"), NAME));

/**
 * Keeps Pods apart that want the same host port.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/nodeports/node_ports.go
 */
export function nodePorts(): PreFilterPlugin & FilterPlugin {
  return {
    name: NAME,
    sign(pod) {
      const { hostPorts } = podRequests(pod);
      return hostPorts.length === 0 ? '' : JSON.stringify(hostPorts);
    },
    preFilter: (pod) => (podRequests(pod).hostPorts.length === 0 ? skip() : undefined),
    filter(pod, node, { explaining }) {
      const clash = podRequests(pod).hostPorts.find((port) => node.hasPortConflict(port));
      if (clash === undefined) return undefined;
      return explaining ? { ...REJECTED, details: { ...clash } } : REJECTED;
    },
    eventsToRegister: () => [
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        hint: (pod, { old }) => (wantsSamePort(pod, old as Pod) ? 'Queue' : 'QueueSkip'),
      },
      { resource: 'Node', actions: ['Add'] },
    ],
  };
}

function wantsSamePort(pod: Pod, gone: Pod): boolean {
  return podRequests(pod).hostPorts.some((wanted) => podRequests(gone).hostPorts.some((freed) => portsClash(wanted, freed)));
}
