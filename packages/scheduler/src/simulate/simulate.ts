import { keyOf, seededRandom, type Random } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import { ClusterState } from '../cluster/cluster-state.ts';
import { createSnapshot } from '../cluster/create-snapshot.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { configureProfile } from '../config/configure-profile.ts';
import type { KubeSchedulerProfile } from '../config/configuration-types.ts';
import type { PluginRegistry } from '../config/plugin-registry.ts';
import { profileReader } from '../config/profile-reader.ts';
import type { Decision } from '../engine/decision.ts';
import { createScheduler, type Scheduler } from '../engine/scheduler.ts';
import { explainPod, type PodExplanation } from '../explain/explain.ts';
import { completeManifests, completePod, type ClusterManifests } from '../explain/manifest-defaults.ts';
import { copyCluster } from './copy-cluster.ts';

/** What would be if. */
export interface SimulatedChanges {
  /** Nodes that come, or whose object is another. */
  readonly addNodes?: readonly Node[];
  /** Names of nodes that go, with the Pods on them. */
  readonly removeNodes?: readonly string[];
  /** Pods that go, as `namespace/name`. */
  readonly removePods?: readonly string[];
  /** Pods to place, one after the other, each on the cluster as those before it left it. */
  readonly pods?: readonly Pod[];
}

/** How to place them. */
export interface SimulateOptions {
  /** One profile of KubeSchedulerConfiguration v1; default: Kubernetes' plugins as they are. */
  readonly profile?: KubeSchedulerProfile;
  /** Plugins of others that the profile names. */
  readonly plugins?: PluginRegistry;
  /** Chooses among equally good nodes; default: always the same way. */
  readonly random?: Random;
  /** Default 100: all nodes, so that the answer does not depend on where a search begins. */
  readonly percentageOfNodesToScore?: number;
}

/** What became of one Pod. */
export interface SimulatedPlacement {
  /** As an API server would keep it. */
  readonly pod: Pod;
  /** Undefined: there is no node for it. */
  readonly nodeName: string | undefined;
  /** Why there is none. */
  readonly message: string;
  /** Pods that had to go for it: preemption, as it would happen. */
  readonly victims: readonly Pod[];
  /** Node by node, on the cluster as it was when this Pod's turn came. Computed when asked for. */
  explain(): PodExplanation;
}

/** A cluster as it would be. */
export interface Simulation {
  /** In the order of `changes.pods`. */
  readonly placements: readonly SimulatedPlacement[];
  /** The names of the nodes that changed places would leave without a Pod: candidates to be removed. */
  readonly emptyNodes: readonly string[];
}

/**
 * Places Pods on a copy of a cluster. Pure, as far as the cluster goes: neither it nor any object is touched.
 *
 * @param cluster plain manifests, or the state that a scheduler keeps
 * @throws {SchedulerConfigError} naming the path in `options.profile`
 * @throws {ApiError} `BadRequest` when a quantity or selector cannot be read
 * @example simulate({ nodes, pods }, { pods: [web], removeNodes: ['old'] }).placements[0]?.nodeName
 */
export function simulate(cluster: ClusterManifests | ClusterState, changes: SimulatedChanges, options: SimulateOptions = {}): Simulation {
  const manifests: ClusterManifests = cluster instanceof ClusterState ? { nodes: [] } : cluster;
  const copy = cluster instanceof ClusterState ? copyCluster(cluster) : createSnapshot(completeManifests(cluster));
  for (const name of changes.removeNodes ?? []) copy.removeNode(name);
  for (const key of changes.removePods ?? []) copy.removePod(key);
  for (const node of completeManifests({ nodes: changes.addNodes ?? [] }).nodes) copy.setNode(node);
  const run = new Run(engineOf(options), copy);
  for (const pod of changes.pods ?? []) run.place(completePod(pod, manifests));
  return { placements: run.placements, emptyNodes: copy.nodes.filter(({ podCount }) => podCount === 0).map(({ name }) => name) };
}

function engineOf({ profile = {}, plugins: registry, random = seededRandom(1), percentageOfNodesToScore }: SimulateOptions): Scheduler<Pod, NodeInfo> {
  const made = configureProfile(profileReader(profile, 'profile'), { path: 'profile', ...(registry === undefined ? {} : { registry }) });
  const percentage = percentageOfNodesToScore ?? made.percentageOfNodesToScore ?? 100;
  return createScheduler({ plugins: made.plugins, ...(made.order === undefined ? {} : { order: made.order }), random, percentageOfNodesToScore: percentage });
}

/** Invariant: the cluster is as all placements so far left it, except while one is being explained. */
class Run {
  readonly placements: SimulatedPlacement[] = [];
  readonly #engine: Scheduler<Pod, NodeInfo>;
  readonly #cluster: ClusterState;
  #startIndex = 0;

  constructor(engine: Scheduler<Pod, NodeInfo>, cluster: ClusterState) {
    this.#engine = engine;
    this.#cluster = cluster;
  }

  place(pod: Pod): void {
    const turn = this.placements.length;
    const { decision, victims } = this.#decide(pod);
    const placement: SimulatedPlacement = { pod, nodeName: decision.node, message: decision.message, victims, explain: () => this.#explain(turn) };
    this.placements.push(placement);
    this.#apply(placement);
  }

  #decide(pod: Pod): { readonly decision: Decision<Pod, NodeInfo>; readonly victims: readonly Pod[] } {
    const first = this.#engine.schedule(pod, this.#cluster, { startIndex: this.#startIndex });
    this.#startIndex = first.nextStartIndex;
    if (first.node !== undefined || !first.nominatedNodeName || first.victims.length === 0) return { decision: first, victims: [] };
    for (const victim of first.victims) this.#cluster.removePod(keyOf(victim));
    const second = this.#engine.schedule(pod, this.#cluster, { nominatedNodeName: first.nominatedNodeName });
    return { decision: second, victims: first.victims };
  }

  #apply({ pod, nodeName, victims }: SimulatedPlacement): void {
    for (const victim of victims) this.#cluster.removePod(keyOf(victim));
    if (nodeName !== undefined) this.#cluster.setPod({ ...pod, spec: { ...pod.spec, nodeName } });
  }

  #undo({ pod, nodeName, victims }: SimulatedPlacement): void {
    if (nodeName !== undefined) this.#cluster.removePod(keyOf(pod));
    for (const victim of victims) this.#cluster.setPod(victim);
  }

  #explain(turn: number): PodExplanation {
    const later = this.placements.slice(turn);
    for (const placement of later.toReversed()) this.#undo(placement);
    try {
      return explainPod(this.#engine, (later[0] as SimulatedPlacement).pod, this.#cluster);
    } finally {
      for (const placement of later) this.#apply(placement);
    }
  }
}
