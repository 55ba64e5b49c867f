import { keyOf, seededRandom, type Random } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { ClusterState } from '../cluster/cluster-state.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import { configureProfile } from '../config/configure-profile.ts';
import type { KubeSchedulerProfile } from '../config/configuration-types.ts';
import type { PluginRegistry } from '../config/plugin-registry.ts';
import { profileReader } from '../config/profile-reader.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { checkedStatus, thrownStatus } from '../engine/checked-call.ts';
import { explainItem, type Explanation } from '../engine/explanation.ts';
import type { Profile } from '../engine/profile.ts';
import { createScheduler, type Scheduler } from '../engine/scheduler.ts';
import type { Status } from '../engine/status.ts';
import { completeManifests, completePod, type ClusterManifests } from './manifest-defaults.ts';
import { smallestChange, type SmallestChange } from './smallest-change.ts';

/** A Pod, the cluster that it is to go into, and how. */
export interface ExplainInput extends ClusterManifests {
  /** Counts on no node, also when `pods` has it too. */
  readonly pod: Pod;
  /** One profile of KubeSchedulerConfiguration v1; default: Kubernetes' plugins as they are. */
  readonly profile?: KubeSchedulerProfile;
  /** Plugins of others that the profile names. */
  readonly plugins?: PluginRegistry;
  /** Chooses among equally good nodes; default: always the same way. */
  readonly random?: Random;
}

/** Why a Pod goes where it goes, or nowhere. */
export interface PodExplanation extends Explanation {
  /** When there is no node: the text of the FailedScheduling event. */
  readonly message?: string;
  /** Set when a PreEnqueue plugin holds the Pod back: then nothing is chosen, wherever it would fit. */
  readonly gatedBy?: { readonly plugin: string; readonly reasons: readonly string[] };
  /** What preemption would do. */
  readonly preemption?: { readonly nodeName: string; readonly victims: readonly string[] };
  /** When there is no node: the least that would make the Pod fit. */
  readonly smallestChange?: SmallestChange;
}

/**
 * Says for every node what each plugin thinks of it, and why the winner won. Pure: manifests in, explanation out; the same input gives the same answer. All
 * filters are asked about every node, and every feasible node is scored, also when it is the only one.
 *
 * @throws {SchedulerConfigError} naming the path in `profile`
 * @throws {ApiError} `BadRequest` when a quantity or selector in a manifest cannot be read
 * @example explain({ pod, nodes, pods }).nodes['node-1']?.filters['NodeResourcesFit']?.reasons // [ 'Insufficient cpu' ]
 */
export function explain(input: ExplainInput): PodExplanation {
  const { plugins, order } = configureProfile(profileReader(input.profile ?? {}, 'profile'), {
    path: 'profile',
    ...(input.plugins ? { registry: input.plugins } : {}),
  });
  const random = input.random ?? seededRandom(1);
  const engine = createScheduler({ plugins, ...(order === undefined ? {} : { order }), random, percentageOfNodesToScore: 100 });
  const pod = completePod(input.pod, input);
  const manifests = completeManifests(input);
  const others = manifests.pods?.filter((other) => keyOf(other) !== keyOf(pod)) ?? [];
  const snapshot = createSnapshot({ ...manifests, pods: others });
  for (const { metadata, spec, status } of others) {
    if (!spec.nodeName && status?.nominatedNodeName) snapshot.nominations.set({ apiVersion: 'v1', kind: 'Pod', metadata, spec }, status.nominatedNodeName);
  }
  return explainPod(engine, pod, snapshot);
}

/** Explains a Pod on a cluster as it is. */
export function explainPod(engine: Scheduler<Pod, NodeInfo>, pod: Pod, cluster: ClusterState): PodExplanation {
  const gate = gateOf(engine.profile, pod);
  const nominated = pod.status?.nominatedNodeName;
  const decision = engine.schedule(pod, cluster, nominated ? { nominatedNodeName: nominated } : {});
  const chosen = gate === undefined ? decision.node : undefined;
  const explanation = explainItem({ profile: engine.profile, item: pod, snapshot: cluster, chosen });
  const gatedBy = gate === undefined ? {} : { gatedBy: { plugin: gate.plugin ?? '', reasons: gate.reasons } };
  if (decision.node !== undefined) return { ...explanation, ...gatedBy };
  const change = smallestChange(
    explanation,
    pod,
    cluster.nodes.map(({ node }) => node),
  );
  const { nominatedNodeName, victims } = decision;
  return {
    ...explanation,
    ...gatedBy,
    ...(decision.status.code === 'Error' ? { error: decision.message } : {}),
    message: decision.message,
    ...(nominatedNodeName ? { preemption: { nodeName: nominatedNodeName, victims: victims.map(keyOf) } } : {}),
    ...(change === undefined ? {} : { smallestChange: change }),
  };
}

function gateOf({ preEnqueue }: Profile<Pod, NodeInfo>, pod: Pod): Status | undefined {
  for (const plugin of preEnqueue) {
    try {
      const status = checkedStatus(plugin.name, 'PreEnqueue', plugin.preEnqueue(pod));
      if (status !== undefined) return status;
    } catch (error) {
      return thrownStatus(plugin.name, 'PreEnqueue', error);
    }
  }
  return undefined;
}
