import { controllerOf, formatAge, parseTime } from '@kybern/core';
import { Pod as PodKind, type Deployment, type Event, type Pod, type ReplicaSet, type Service } from '@kybern/core/kinds';
import { printTable } from '@kybern/apiserver';
import { align } from '../table-text.ts';

/** What the live table shows. */
export interface RolloutState {
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  /** Pods of the applied workloads. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  /** The latest events, oldest first. */
  readonly events: readonly Event[];
}

/** How {@link renderRollout} renders. */
export interface RenderOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
}

const EVENTS_SHOWN = 6;

/** The live table: Deployments with their ReplicaSets and Pods, Services, and the latest events; cut to the terminal's size. Pure. */
export function renderRollout(state: RolloutState, options: RenderOptions): string {
  const lines = [
    align([
      ['OBJECT', 'NODE', 'IP', 'PHASE', 'READY', 'AGE'],
      ...state.deployments.flatMap((deployment) => deploymentRows(deployment, state, options)),
      ...loose(state, options),
      ...serviceRows(state, options),
    ]),
  ];
  const events = state.events
    .slice(-EVENTS_SHOWN)
    .map((event) => [
      `${ageOf(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp, options)} ago`,
      event.reason ?? '',
      `${(event.involvedObject.kind ?? '').toLowerCase()}/${event.involvedObject.name ?? ''}`,
      event.message ?? '',
    ]);
  if (events.length > 0) lines.push('', 'EVENTS', align(events));
  const text = lines.join('\n').split('\n');
  const room = Math.max(4, options.rows - 2);
  const shown = text.length > room ? [...text.slice(0, room - 1), `... ${String(text.length - room + 1)} more lines`] : text;
  return shown.map((row) => (row.length > options.columns ? `${row.slice(0, Math.max(1, options.columns - 1))}…` : row)).join('\n');
}

function deploymentRows(deployment: Deployment, state: RolloutState, options: RenderOptions): string[][] {
  const { metadata, spec, status } = deployment;
  const ready = `${String(status?.readyReplicas ?? 0)}/${String(spec.replicas ?? 1)}`;
  const own = state.replicaSets
    .filter((replicaSet) => controllerOf(replicaSet)?.uid === metadata.uid)
    .filter((replicaSet) => (replicaSet.spec.replicas ?? 0) > 0 || (replicaSet.status?.replicas ?? 0) > 0);
  return [
    [`deployment/${metadata.name}`, '', '', '', ready, ageOf(metadata.creationTimestamp, options)],
    ...own.flatMap((replicaSet) => replicaSetRows(replicaSet, state, options)),
  ];
}

function replicaSetRows(replicaSet: ReplicaSet, state: RolloutState, options: RenderOptions): string[][] {
  const { metadata, spec, status } = replicaSet;
  const ready = `${String(status?.readyReplicas ?? 0)}/${String(spec.replicas ?? 0)}`;
  const pods = state.pods.filter((pod) => controllerOf(pod)?.uid === metadata.uid);
  return [[`  replicaset/${metadata.name}`, '', '', '', ready, ageOf(metadata.creationTimestamp, options)], ...pods.map((pod) => podRow(pod, '    ', options))];
}

/** Pods that no shown ReplicaSet has. */
function loose(state: RolloutState, options: RenderOptions): string[][] {
  const owners = new Set(state.replicaSets.map((replicaSet) => replicaSet.metadata.uid));
  return state.pods.filter((pod) => !owners.has(controllerOf(pod)?.uid)).map((pod) => podRow(pod, '', options));
}

function podRow(pod: Pod, indent: string, options: RenderOptions): string[] {
  const cells = podCells(pod, options.nowMs);
  return [
    `${indent}pod/${pod.metadata.name}`,
    pod.spec.nodeName ?? '',
    pod.status?.podIP ?? '',
    cells.status,
    cells.ready,
    ageOf(pod.metadata.creationTimestamp, options),
  ];
}

function serviceRows(state: RolloutState, options: RenderOptions): string[][] {
  return state.services.map((service) => [
    `service/${service.metadata.name}`,
    '',
    service.status?.loadBalancer?.ingress?.[0]?.ip ?? service.spec.clusterIP ?? '',
    service.spec.type ?? '',
    '',
    ageOf(service.metadata.creationTimestamp, options),
  ]);
}

/** READY and STATUS as `kubectl get pods` has them. */
export function podCells(pod: Pod, nowMs: number): { readonly ready: string; readonly status: string } {
  const cells = printTable({ kind: PodKind, objects: [pod], nowMs }).rows[0]?.cells ?? [];
  return { ready: String(cells[1] ?? ''), status: String(cells[2] ?? '') };
}

function ageOf(time: string | undefined, { nowMs }: RenderOptions): string {
  return time === undefined ? '' : formatAge(Math.max(0, nowMs - parseTime(time)));
}
