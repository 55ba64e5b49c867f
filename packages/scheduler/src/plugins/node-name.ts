import type { FilterPlugin } from '../engine/plugin.ts';
import { unresolvable, withPlugin } from '../engine/status.ts';

const NAME = 'NodeName';
const REJECTED = Object.freeze(withPlugin(unresolvable("node(s) didn't match the requested node name"), NAME));

/**
 * Lets a Pod that names its node go nowhere else.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/nodename/node_name.go
 */
export function nodeName(): FilterPlugin {
  return {
    name: NAME,
    sign: (pod) => pod.spec.nodeName ?? '',
    filter: ({ spec }, node) => (spec.nodeName === undefined || spec.nodeName === '' || spec.nodeName === node.name ? undefined : REJECTED),
    eventsToRegister: () => [{ resource: 'Node', actions: ['Add'] }],
  };
}
