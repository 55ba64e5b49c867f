import { formatTime } from '@kybern/core';
import type { cri } from '@kybern/runtime-cri';
import { NOTHING_OBSERVED, type ObservedContainer, type ObservedPod, type ObservedSandbox } from '../decisions/observed.ts';
import { ANNOTATIONS, LABELS } from './labels.ts';

/** A sandbox with its containers, as one answer or event of the runtime gives them. */
export interface SandboxView {
  readonly sandbox: ObservedSandbox;
  readonly containers: readonly ObservedContainer[];
}

const NS_PER_MS = 1e6;

/** Reads a sandbox's status. */
export function observeSandbox(status: cri.PodSandboxStatus): ObservedSandbox {
  const { ip = '', additionalIps = [] } = status.network ?? {};
  return {
    id: status.id,
    attempt: status.metadata.attempt,
    ready: status.state === 'SANDBOX_READY',
    createdAtMs: status.createdAt / NS_PER_MS,
    ips: ip === '' ? [] : [ip, ...additionalIps.map((additional) => additional.ip)],
    hostNetwork: status.linux?.namespaces?.options?.network === 'NODE',
  };
}

const STATES: Readonly<Record<cri.ContainerState, ObservedContainer['state']>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
};

/** The message that a container which has ended left behind; empty when there is none. */
export type LastWords = (status: cri.ContainerStatus) => string;

/** Reads a container's status. @param known what was observed of the same container before; returned as it is when nothing has changed */
export function observeContainer(status: cri.ContainerStatus, known?: ObservedContainer, lastWords: LastWords = () => ''): ObservedContainer {
  if (known?.state === STATES[status.state] && known.id === status.id) return known;
  const restartCount = Number(status.annotations[ANNOTATIONS.restartCount]);
  return {
    id: status.id,
    name: status.labels[LABELS.containerName] ?? status.metadata.name,
    attempt: Number.isInteger(restartCount) ? restartCount : status.metadata.attempt,
    state: STATES[status.state],
    hash: status.annotations[ANNOTATIONS.hash] ?? '',
    createdAtMs: status.createdAt / NS_PER_MS,
    startedAtMs: status.startedAt / NS_PER_MS,
    finishedAtMs: status.finishedAt / NS_PER_MS,
    startedAt: status.startedAt > 0 ? formatTime(status.startedAt / NS_PER_MS) : '',
    finishedAt: status.finishedAt > 0 ? formatTime(status.finishedAt / NS_PER_MS) : '',
    exitCode: status.exitCode,
    reason: status.reason,
    message: (status.state === 'CONTAINER_EXITED' ? lastWords(status) : '') || status.message,
    image: status.image.userSpecifiedImage ?? status.image.image,
    imageRef: status.imageRef,
  };
}

/** By their attempts, which only grow; wall time may have been set back between two. */
const newestFirst = (a: { createdAtMs: number; attempt: number }, b: { createdAtMs: number; attempt: number }): number =>
  b.attempt - a.attempt || b.createdAtMs - a.createdAtMs;

/** A Pod as its sandboxes and their containers make it up. */
export function observePod(views: readonly SandboxView[]): ObservedPod {
  const [only] = views;
  if (only === undefined) return NOTHING_OBSERVED;
  if (views.length === 1)
    return { sandboxes: [only.sandbox], containers: only.containers.length < 2 ? only.containers : [...only.containers].sort(newestFirst) };
  return { sandboxes: views.map(({ sandbox }) => sandbox).sort(newestFirst), containers: views.flatMap(({ containers }) => containers).sort(newestFirst) };
}
