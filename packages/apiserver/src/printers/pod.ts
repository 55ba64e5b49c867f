import { getCondition, parseTime, formatAge } from '@kybern/core';
import type { ContainerStatus, Pod } from '@kybern/core/kinds';
import { ageOf } from './ages.ts';
import { NONE, type Column, type PrintContext } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPod) */
export const podColumns: readonly Column<Pod>[] = [
  { name: 'Name', cell: (pod) => pod.metadata.name },
  { name: 'Ready', cell: readyCell },
  { name: 'Status', cell: podReason },
  { name: 'Restarts', cell: restartsCell },
  { name: 'Age', cell: (pod, context) => ageOf(pod.metadata.creationTimestamp, context) },
  { name: 'IP', wide: true, cell: (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? NONE },
  { name: 'Node', wide: true, cell: (pod) => pod.spec.nodeName ?? NONE },
  { name: 'Nominated Node', wide: true, cell: (pod) => pod.status?.nominatedNodeName ?? NONE },
  { name: 'Readiness Gates', wide: true, cell: readinessGatesCell },
];

/** Init containers that go on running beside the others, and the others. */
function longRunning(pod: Pod): { readonly total: number; readonly statuses: readonly ContainerStatus[] } {
  const sidecars = new Set(pod.spec.initContainers?.filter((container) => container.restartPolicy === 'Always').map((container) => container.name));
  const running = pod.status?.initContainerStatuses?.filter((status) => sidecars.has(status.name)) ?? [];
  return { total: pod.spec.containers.length + sidecars.size, statuses: [...running, ...(pod.status?.containerStatuses ?? [])] };
}

function readyCell(pod: Pod): string {
  const { total, statuses } = longRunning(pod);
  return `${String(statuses.filter((status) => status.ready && status.state?.running !== undefined).length)}/${String(total)}`;
}

/**
 * What the STATUS column says of a Pod: the phase, or why it is not what it should be.
 *
 * @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPod)
 */
export function podReason(pod: Pod): string {
  const { status } = pod;
  const reason = initReason(pod) ?? containersReason(pod) ?? gatedReason(pod) ?? status?.reason ?? status?.phase ?? 'Unknown';
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' ? reason : 'Terminating';
}

function gatedReason(pod: Pod): string | undefined {
  return getCondition(pod, 'PodScheduled')?.reason === 'SchedulingGated' ? 'SchedulingGated' : undefined;
}

function initReason(pod: Pod): string | undefined {
  const specs = pod.spec.initContainers ?? [];
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = specs.find((container) => container.name === status.name)?.restartPolicy === 'Always';
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0 || (sidecar && status.started === true)) continue;
    if (terminated !== undefined) return `Init:${terminatedReason(terminated)}`;
    if (waiting?.reason !== undefined && waiting.reason !== '' && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${String(index)}/${String(specs.length)}`;
  }
  return undefined;
}

function containersReason(pod: Pod): string | undefined {
  const statuses = pod.status?.containerStatuses ?? [];
  let reason: string | undefined;
  for (const { state } of [...statuses].reverse()) {
    if (state?.waiting?.reason !== undefined && state.waiting.reason !== '') reason = state.waiting.reason;
    else if (state?.terminated !== undefined) reason = terminatedReason(state.terminated);
  }
  // A Pod with a finished and a running container is not done.
  if (reason !== 'Completed' || !statuses.some((status) => status.ready && status.state?.running !== undefined)) return reason;
  return getCondition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady';
}

function terminatedReason({ reason, signal, exitCode }: { readonly reason?: string; readonly signal?: number; readonly exitCode: number }): string {
  if (reason !== undefined && reason !== '') return reason;
  return signal !== undefined && signal !== 0 ? `Signal:${String(signal)}` : `ExitCode:${String(exitCode)}`;
}

function restartsCell(pod: Pod, context: PrintContext): string {
  const { statuses } = longRunning(pod);
  const restarts = statuses.reduce((sum, status) => sum + status.restartCount, 0);
  const lastMs = Math.max(0, ...statuses.map((status) => parseTime(status.lastState?.terminated?.finishedAt ?? '') || 0));
  return restarts === 0 || lastMs === 0 ? String(restarts) : `${String(restarts)} (${formatAge(Math.max(0, context.nowMs - lastMs))} ago)`;
}

function readinessGatesCell(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const passed = gates.filter((gate) => getCondition(pod, gate.conditionType)?.status === 'True').length;
  return `${String(passed)}/${String(gates.length)}`;
}
