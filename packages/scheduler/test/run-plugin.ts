import type { Pod } from '@kybern/core/kinds';
import { createSnapshot, type SnapshotInput } from '../src/cluster/create-snapshot.ts';
import type { NodeInfo } from '../src/cluster/node-info.ts';
import { explainItem, type FilterVerdict } from '../src/engine/explanation.ts';
import type { Plugin } from '../src/engine/plugin.ts';
import { compileProfile } from '../src/engine/profile.ts';

/** What one plugin alone has to say of a Pod and some nodes, by node name. */
export function askPlugin(plugin: Plugin, pod: Pod, cluster: SnapshotInput) {
  const explanation = explainItem<Pod, NodeInfo>({ profile: compileProfile([plugin]), item: pod, snapshot: createSnapshot(cluster), chosen: undefined });
  const nodes = Object.entries(explanation.nodes);
  const verdictOf = (name: string): FilterVerdict | undefined => explanation.nodes[name]?.filters[plugin.name];
  return {
    verdictOf,
    /** Names of the nodes that the filter lets the Pod on. */
    feasible: nodes.filter(([, { feasible }]) => feasible).map(([name]) => name),
    raw: Object.fromEntries(nodes.map(([name, { scores }]) => [name, scores[plugin.name]?.raw])),
    normalized: Object.fromEntries(nodes.map(([name, { scores }]) => [name, scores[plugin.name]?.normalized])),
  };
}
