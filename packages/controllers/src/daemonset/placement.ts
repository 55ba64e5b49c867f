import type { DaemonSet, Node, Pod } from '@kybern/core/kinds';
import type { PlannedEvent } from '../planned-event.ts';
import { isPodReady } from '../pod-state.ts';
import { fitNode } from './eligibility.ts';
import type { Failures } from './failures.ts';
import { isUpdated } from './pods.ts';
import { isAvailableDaemon } from './status.ts';

/** What {@link computePlacement} looks at. */
export interface PlacementInput {
  readonly nowMs: number;
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly byNode: ReadonlyMap<string, readonly Pod[]>;
  /** The hash of the current revision. */
  readonly hash: string;
  readonly surges: boolean;
  readonly failures: Failures;
}

/** Which nodes need a Pod, and which Pods have to go. */
export interface Placement {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly events: readonly PlannedEvent[];
  readonly failures: Failures;
  /** When the next failed Pod may be replaced, in ms from now. */
  readonly backoffMs: number | undefined;
}

/**
 * Computes where Pods are missing, failed, too many, or not allowed.
 *
 * @see kubernetes v1.36 pkg/controller/daemon/daemon_controller.go (podsShouldBeOnNode, getUnscheduledPodsWithoutNode)
 */
export function computePlacement(input: PlacementInput): Placement {
  const { set, nodes, byNode } = input;
  const create: string[] = [];
  const remove: Pod[] = [];
  const events: PlannedEvent[] = [];
  let { failures } = input;
  let backoffMs = Infinity;
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  for (const node of nodes) {
    const { name } = node.metadata;
    const pods = (byNode.get(name) ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const { shouldRun, mayStay } = fitNode(set, node);
    if (!mayStay) {
      remove.push(...pods);
      continue;
    }
    const ended = removeEnded(input, pods, { failures, name });
    failures = ended.failures;
    backoffMs = Math.min(backoffMs, ended.backoffMs);
    events.push(...ended.events);
    remove.push(...ended.remove, ...surplus(input, ended.running));
    // While an old Pod goes without its successor being there, a surging set does not wait for it to be gone.
    const isEmpty = input.surges ? pods.length === 0 : !byNode.has(name);
    if (shouldRun && isEmpty) create.push(name);
  }
  for (const [name, pods] of byNode) if (!names.has(name)) remove.push(...pods.filter(isWaiting));
  return { create, remove, events, failures, backoffMs: backoffMs === Infinity ? undefined : backoffMs };
}

/** Waiting for a node that there is not. */
const isWaiting = ({ metadata, spec }: Pod): boolean => metadata.deletionTimestamp === undefined && (spec.nodeName ?? '') === '';

interface Ended extends Pick<Placement, 'remove' | 'events' | 'failures'> {
  readonly running: readonly Pod[];
  readonly backoffMs: number;
}

function removeEnded({ nowMs }: PlacementInput, pods: readonly Pod[], node: { readonly failures: Failures; readonly name: string }): Ended {
  const remove: Pod[] = [];
  const running: Pod[] = [];
  const events: PlannedEvent[] = [];
  let { failures } = node;
  let backoffMs = Infinity;
  for (const pod of pods) {
    const named = `${pod.metadata.namespace ?? ''}/${pod.metadata.name} on node ${node.name}`;
    if (pod.status?.phase === 'Succeeded') {
      remove.push(pod);
      events.push({ type: 'Normal', reason: 'SucceededDaemonPod', message: `Found succeeded daemon pod ${named}, will try to delete it` });
    } else if (pod.status?.phase !== 'Failed') running.push(pod);
    else {
      const waitMs = failures.waitMs(node.name, nowMs);
      backoffMs = Math.min(backoffMs, waitMs > 0 ? waitMs : Infinity);
      if (waitMs > 0) continue;
      failures = failures.with(node.name, nowMs);
      remove.push(pod);
      events.push({ type: 'Warning', reason: 'FailedDaemonPod', message: `Found failed daemon pod ${named}, will try to kill it` });
    }
  }
  return { remove, running, events, failures, backoffMs };
}

/** All but the oldest; while the set surges, all but the oldest of the old and the oldest of the new revision, and of these the old one when it is not needed. */
function surplus({ set, hash, surges, nowMs }: PlacementInput, running: readonly Pod[]): readonly Pod[] {
  if (!surges || running.length <= 1) return running.slice(1);
  const newest = running.find((pod) => isUpdated(pod, hash));
  const old = running.find((pod) => !isUpdated(pod, hash));
  const remove = running.filter((pod) => pod !== newest && pod !== old);
  const isReplaced = newest !== undefined && old !== undefined && (!isPodReady(old) || isAvailableDaemon(newest, set, nowMs));
  return isReplaced ? [...remove, old] : remove;
}
