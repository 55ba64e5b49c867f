import { formatAge, getCondition, isConditionTrue, parseTime, type KubernetesObject } from '@kybern/core';
import type { ContainerStatus, Pod } from '@kybern/core/kinds';
import { ageColumn, nameColumn, textOr } from './cells.ts';
import { NONE, type Column, type PrintContext, type TableRow } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPod) */
export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  { name: 'Ready', cell: readyCell },
  { name: 'Status', cell: podReason },
  { name: 'Restarts', cell: restartsCell },
  ageColumn,
  { name: 'IP', wide: true, cell: (pod) => textOr(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP, NONE) },
  { name: 'Node', wide: true, cell: (pod) => textOr(pod.spec.nodeName, NONE) },
  { name: 'Nominated Node', wide: true, cell: (pod) => textOr(pod.status?.nominatedNodeName, NONE) },
  { name: 'Readiness Gates', wide: true, cell: readinessGatesCell },
];

/** What the cells about containers say, found in one pass. */
interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** When a container was last ended; 0 for never. */
  readonly lastRestartMs: number;
  readonly reason: string;
}

/** Init containers that go on running beside the others. */
function sidecarsOf(pod: Pod): ReadonlySet<string> {
  return new Set(pod.spec.initContainers?.filter((container) => container.restartPolicy === 'Always').map((container) => container.name));
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPod) */
function summaryOf(pod: Pod): PodSummary {
  const { status } = pod;
  const sidecars = sidecarsOf(pod);
  const inits = status?.initContainerStatuses ?? [];
  const statuses = status?.containerStatuses ?? [];
  const init = initStateOf(pod, sidecars);
  // While the init containers are at work, the restarts are theirs.
  const initializing = init.reason !== undefined && !isConditionTrue(pod, 'Initialized');
  const counted = initializing ? inits : [...inits.filter((each) => sidecars.has(each.name)), ...statuses];
  const running = initializing ? [] : statuses.filter(isRunning);
  const base = init.reason ?? gatedReason(pod) ?? textOr(status?.reason, textOr(status?.phase, ''));
  return {
    ready: init.ready + running.length,
    total: pod.spec.containers.length + sidecars.size,
    restarts: counted.reduce((sum, each) => sum + each.restartCount, 0),
    lastRestartMs: Math.max(0, ...counted.map((each) => parseTime(each.lastState?.terminated?.finishedAt ?? '') || 0)),
    reason: whileDeleted(pod, initializing ? base : containersReason(pod, statuses, base)),
  };
}

function whileDeleted(pod: Pod, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' ? reason : 'Terminating';
}

/** A running container that is ready counts, and one that is told by neither a reason to wait nor an end. */
function isRunning({ ready, state }: ContainerStatus): boolean {
  return ready && state?.running !== undefined && textOr(state.waiting?.reason, '') === '' && state.terminated === undefined;
}

function readyCell(pod: Pod): string {
  const { ready, total } = summaryOf(pod);
  return `${String(ready)}/${String(total)}`;
}

/**
 * What the STATUS column says of a Pod: the phase, or why it is not what it should be.
 *
 * @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPod)
 */
export function podReason(pod: Pod): string {
  return summaryOf(pod).reason;
}

function gatedReason(pod: Pod): string | undefined {
  return getCondition(pod, 'PodScheduled')?.reason === 'SchedulingGated' ? 'SchedulingGated' : undefined;
}

/** How far the init containers are: `reason` is undefined when they are all done, `ready` counts the sidecars up to there. */
function initStateOf(pod: Pod, sidecars: ReadonlySet<string>): { readonly ready: number; readonly reason: string | undefined } {
  let ready = 0;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(status.name) && status.started === true) {
      if (status.ready) ready += 1;
      continue;
    }
    if (terminated !== undefined) return { ready, reason: `Init:${terminatedReason(terminated)}` };
    const why = textOr(waiting?.reason, 'PodInitializing');
    return { ready, reason: why === 'PodInitializing' ? `Init:${String(index)}/${String(pod.spec.initContainers?.length ?? 0)}` : `Init:${why}` };
  }
  return { ready, reason: undefined };
}

function containersReason(pod: Pod, statuses: readonly ContainerStatus[], base: string): string {
  let reason = base;
  for (const { state } of [...statuses].reverse()) {
    if (textOr(state?.waiting?.reason, '') !== '') reason = state?.waiting?.reason ?? '';
    else if (state?.terminated !== undefined) reason = terminatedReason(state.terminated);
  }
  // A Pod with a finished and a running container is not done.
  if (reason !== 'Completed' || !statuses.some(isRunning)) return reason;
  return isConditionTrue(pod, 'Ready') ? 'Running' : 'NotReady';
}

function terminatedReason({ reason, signal, exitCode }: { readonly reason?: string; readonly signal?: number; readonly exitCode: number }): string {
  if (reason !== undefined && reason !== '') return reason;
  return signal !== undefined && signal !== 0 ? `Signal:${String(signal)}` : `ExitCode:${String(exitCode)}`;
}

function restartsCell(pod: Pod, context: PrintContext): string {
  const { restarts, lastRestartMs } = summaryOf(pod);
  return restarts === 0 || lastRestartMs === 0 ? String(restarts) : `${String(restarts)} (${formatAge(Math.max(0, context.nowMs - lastRestartMs))} ago)`;
}

function readinessGatesCell(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const passed = gates.filter((gate) => getCondition(pod, gate.conditionType)?.status === 'True').length;
  return `${String(passed)}/${String(gates.length)}`;
}

/** Tells clients which Pods are over, so that they may leave them out. */
export function podRowConditions(object: KubernetesObject): Pick<TableRow, 'conditions'> {
  const phase = (object as Pod).status?.phase;
  if (phase !== 'Succeeded' && phase !== 'Failed') return {};
  return { conditions: [{ type: 'Completed', status: 'True', reason: phase, message: phase === 'Succeeded' ? 'the Pod is done' : 'the Pod failed' }] };
}
