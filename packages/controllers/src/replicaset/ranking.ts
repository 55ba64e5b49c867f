import { parseTime } from '@kybern/core';
import type { ContainerStatus, Pod } from '@kybern/core/kinds';
import { isPodActive, isPodReady, readySinceMs } from '../pod-state.ts';

/** Lets a user say which Pods of a ReplicaSet to delete first: lower costs go first; none is 0. */
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/** What {@link rankForDeletion} looks at. */
export interface RankingInput {
  readonly nowMs: number;
  /** The Pods to choose from. */
  readonly pods: readonly Pod[];
  /** All Pods of the ReplicaSets that have the same owner: where they crowd on one node, those go first. */
  readonly relatedPods: readonly Pod[];
}

/** Facts about a Pod, gathered once. */
interface Ranked {
  readonly pod: Pod;
  readonly phase: number;
  readonly ready: boolean;
  readonly cost: number;
  readonly crowd: number;
  readonly readyAge: number;
  readonly restarts: readonly [number, number];
  readonly age: number;
}

/**
 * Pods in the order in which a shrinking ReplicaSet deletes them: unscheduled first, then by phase, readiness, deletion cost, how crowded their
 * node is, how short they are ready (in powers of two, so that not always the youngest goes), restarts, age.
 *
 * @see kubernetes v1.36 pkg/controller/controller_utils.go (ActivePodsWithRanks)
 */
export function rankForDeletion({ nowMs, pods, relatedPods }: RankingInput): readonly Pod[] {
  const crowds = new Map<string, number>();
  for (const pod of relatedPods) {
    const node = pod.spec.nodeName;
    if (node !== undefined && isPodActive(pod)) crowds.set(node, (crowds.get(node) ?? 0) + 1);
  }
  return pods
    .map((pod) => gather(pod, crowds, nowMs))
    .sort(compare)
    .map((ranked) => ranked.pod);
}

function gather(pod: Pod, crowds: ReadonlyMap<string, number>, nowMs: number): Ranked {
  const ready = isPodReady(pod);
  return {
    pod,
    phase: phaseRank(pod),
    ready,
    cost: deletionCost(pod),
    crowd: crowds.get(pod.spec.nodeName ?? '') ?? 0,
    readyAge: ready ? logAge(readySinceMs(pod), nowMs) : 0,
    restarts: [maxRestarts(pod.status?.containerStatuses), maxRestarts(pod.status?.initContainerStatuses)],
    age: logAge(pod.metadata.creationTimestamp === undefined ? undefined : parseTime(pod.metadata.creationTimestamp), nowMs),
  };
}

function compare(a: Ranked, b: Ranked): number {
  return (
    Number(a.pod.spec.nodeName !== undefined) - Number(b.pod.spec.nodeName !== undefined) ||
    a.phase - b.phase ||
    Number(a.ready) - Number(b.ready) ||
    a.cost - b.cost ||
    b.crowd - a.crowd ||
    a.readyAge - b.readyAge ||
    b.restarts[0] - a.restarts[0] ||
    b.restarts[1] - a.restarts[1] ||
    a.age - b.age ||
    compareText(a.pod.metadata.uid ?? '', b.pod.metadata.uid ?? '')
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function phaseRank(pod: Pod): number {
  const phase = pod.status?.phase ?? 'Pending';
  return phase === 'Pending' ? 0 : phase === 'Unknown' ? 1 : 2;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST] ?? '';
  // A leading plus or zero is refused by validation upstream and counts as not given here.
  return /^(0|-?[1-9]\d{0,9})$/.test(text) ? Number(text) : 0;
}

/** The age in powers of two of nanoseconds, as Kubernetes buckets it; one that is not known counts as youngest. */
function logAge(sinceMs: number | undefined, nowMs: number): number {
  if (sinceMs === undefined) return -2;
  const age = nowMs - sinceMs;
  return age > 0 ? Math.floor(Math.log2(age * 1e6)) : -1;
}

function maxRestarts(statuses: readonly ContainerStatus[] | undefined): number {
  return (statuses ?? []).reduce((max, status) => Math.max(max, status.restartCount), 0);
}
