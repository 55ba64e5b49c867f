import type { DaemonSet, Node, Pod } from '@kybern/core/kinds';
import { scaledValue } from '../int-or-percent.ts';
import { fitNode } from './eligibility.ts';
import { isUpdated } from './pods.ts';
import { isAvailableDaemon } from './status.ts';

/** How many nodes an update may touch at a time. */
export interface DaemonBounds {
  /** Nodes that may be without an available Pod. */
  readonly maxUnavailable: number;
  /** Nodes that may have an old and a new Pod. */
  readonly maxSurge: number;
}

/** @see kubernetes v1.36 pkg/controller/daemon/update.go (updatedDesiredNodeCounts) */
export function daemonBounds({ spec: { updateStrategy } }: DaemonSet, desired: number): DaemonBounds {
  if (updateStrategy?.type === 'OnDelete') return { maxUnavailable: 0, maxSurge: 0 };
  const { maxUnavailable: unavailable = 1, maxSurge: surge = 0 } = updateStrategy?.rollingUpdate ?? {};
  const maxUnavailable = scaledValue(unavailable, desired, 'up') ?? 1;
  const maxSurge = scaledValue(surge, desired, 'up') ?? 0;
  return maxUnavailable === 0 && maxSurge === 0 ? { maxUnavailable: 1, maxSurge } : { maxUnavailable, maxSurge };
}

/** What {@link computeUpdate} looks at. */
export interface UpdateInput {
  readonly nowMs: number;
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly byNode: ReadonlyMap<string, readonly Pod[]>;
  /** The hash of the current revision. */
  readonly hash: string;
}

/** The next step of an update. */
export interface DaemonUpdate {
  /** Nodes that get a new Pod beside their old one. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

/**
 * Computes which old Pods of a DaemonSet go, or get a new one beside them. Pods that are not available do not count: they are replaced at once.
 *
 * @see kubernetes v1.36 pkg/controller/daemon/update.go (rollingUpdate)
 */
export function computeUpdate(input: UpdateInput): DaemonUpdate {
  const { set, nodes, byNode, hash } = input;
  const fitting = nodes.filter((node) => fitNode(set, node).shouldRun).map(({ metadata }) => metadata.name);
  const bounds = daemonBounds(set, fitting.length);
  const names = new Set([...fitting, ...byNode.keys()]);
  const pairs = [...names].map((name): Pair => ({ name, ...pairOn(byNode.get(name) ?? [], hash) }));
  return bounds.maxSurge === 0 ? replace(pairs, bounds, input) : surge(pairs, bounds, input);
}

/** The Pods of a node that are not going. */
interface Pair {
  readonly name: string;
  readonly newPod: Pod | undefined;
  readonly oldPod: Pod | undefined;
  /** There are several of one revision, which is put right first. */
  readonly crowded: boolean;
}

function pairOn(pods: readonly Pod[], hash: string): Omit<Pair, 'name'> {
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const updated = staying.filter((pod) => isUpdated(pod, hash));
  const old = staying.filter((pod) => !isUpdated(pod, hash));
  return { newPod: updated[0], oldPod: old[0], crowded: updated.length > 1 || old.length > 1 };
}

function replace(pairs: readonly Pair[], { maxUnavailable }: DaemonBounds, { set, nowMs }: UpdateInput): DaemonUpdate {
  const remove: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { newPod, oldPod, crowded } of pairs) {
    const only = newPod ?? oldPod;
    const isAvailable = only !== undefined && !crowded && (newPod === undefined || oldPod === undefined) && isAvailableDaemon(only, set, nowMs);
    if (!isAvailable) unavailable += 1;
    if (crowded || oldPod === undefined || newPod !== undefined) continue;
    (isAvailable ? candidates : remove).push(oldPod);
  }
  return { create: [], remove: [...remove, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

function surge(pairs: readonly Pair[], { maxSurge }: DaemonBounds, { set, nowMs }: UpdateInput): DaemonUpdate {
  const remove: Pod[] = [];
  const create: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  for (const { name, newPod, oldPod, crowded } of pairs) {
    if (crowded) surging += 1;
    else if (oldPod === undefined) continue;
    else if (newPod === undefined) (isAvailableDaemon(oldPod, set, nowMs) ? candidates : create).push(name);
    else if (isAvailableDaemon(newPod, set, nowMs)) remove.push(oldPod);
    else surging += 1;
  }
  return { create: [...create, ...candidates.slice(0, Math.max(0, maxSurge - surging))], remove };
}
