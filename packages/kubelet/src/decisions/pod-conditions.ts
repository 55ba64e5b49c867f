import { formatTime } from '@kybern/core';
import type { ContainerStatus, Pod, PodCondition } from '@kybern/core/kinds';
import type { PodPhase } from './pod-phase.ts';
import { resizeVerdicts, type ResizeReport } from './resize-report.ts';
import { isSidecar } from './restart-policy.ts';

/** The conditions that a kubelet owns. Others are kept as they are. */
const OWNED: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'PodResizePending',
  'PodResizeInProgress',
]);

/** What {@link computePodConditions} decides from. */
export interface PodConditionsInput {
  readonly pod: Pod;
  readonly previous: readonly PodCondition[];
  readonly containerStatuses: readonly ContainerStatus[];
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly phase: PodPhase;
  readonly sandboxReady: boolean;
  readonly nowMs: number;
  /** Set while the Pod has not all that it asks for. */
  readonly resize?: ResizeReport;
}

/** A condition before it is dated. */
interface Verdict {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
  /** Default: that of the Pod as it is. */
  readonly observedGeneration?: number;
}

/**
 * All conditions of a Pod: those of others first, then the kubelet's. `lastTransitionTime` moves when a status changes.
 *
 * @see kubernetes v1.36 pkg/kubelet/status/generate.go
 */
export function computePodConditions(input: PodConditionsInput): readonly PodCondition[] {
  const containersReady = decideContainersReady(input);
  const verdicts: readonly Verdict[] = [
    { type: 'PodReadyToStartContainers', status: input.sandboxReady ? 'True' : 'False' },
    decideInitialized(input),
    decideReady(input, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
    ...(input.resize === undefined ? [] : resizeVerdicts(input.resize)),
  ];
  let now: string | undefined;
  const stamp = (): string => (now ??= formatTime(input.nowMs));
  return [...input.previous.filter(({ type }) => !OWNED.has(type)), ...verdicts.map((verdict) => date(input, verdict, stamp))];
}

function date({ previous, pod }: PodConditionsInput, verdict: Verdict, stamp: () => string): PodCondition {
  const before = previous.find(({ type }) => type === verdict.type);
  const generation = verdict.observedGeneration ?? pod.metadata.generation;
  return {
    type: verdict.type,
    status: verdict.status,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
    lastTransitionTime: before?.status === verdict.status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : stamp(),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

const notReady = (reason: string, message?: string): Verdict => ({
  type: 'ContainersReady',
  status: 'False',
  reason,
  ...(message === undefined ? {} : { message }),
});

function decideContainersReady({ pod, containerStatuses, initContainerStatuses, phase }: PodConditionsInput): Verdict {
  if (phase === 'Failed') return notReady('PodFailed');
  if (phase === 'Succeeded') return notReady('PodCompleted');
  const unready: string[] = [];
  for (const container of pod.spec.initContainers ?? [])
    if (isSidecar(container) && !isReady(initContainerStatuses, container.name)) unready.push(container.name);
  for (const { name } of pod.spec.containers) if (!isReady(containerStatuses, name)) unready.push(name);
  if (unready.length > 0) return notReady('ContainersNotReady', `containers with unready status: [${unready.join(' ')}]`);
  return { type: 'ContainersReady', status: 'True' };
}

const isReady = (statuses: readonly ContainerStatus[], name: string): boolean => statuses.find((status) => status.name === name)?.ready === true;

function decideReady({ pod, previous }: PodConditionsInput, containersReady: Verdict): Verdict {
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' };
  const messages: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = previous.find(({ type }) => type === conditionType);
    if (gate === undefined) messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (gate.status !== 'True') messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
  }
  if (messages.length === 0) return { type: 'Ready', status: 'True' };
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

function decideInitialized({ pod, containerStatuses, initContainerStatuses, phase }: PodConditionsInput): Verdict {
  if (phase === 'Succeeded') return { type: 'Initialized', status: 'True', reason: 'PodCompleted' };
  // A regular container that has been started once settles it: sidecars may restart later.
  if (
    containerStatuses.some(
      (status) => status.state?.running !== undefined || status.state?.terminated !== undefined || status.lastState?.terminated !== undefined,
    )
  ) {
    return { type: 'Initialized', status: 'True' };
  }
  const incomplete = (pod.spec.initContainers ?? []).filter((container) => {
    const status = initContainerStatuses.find(({ name }) => name === container.name);
    return isSidecar(container) ? status?.started !== true : status?.ready !== true;
  });
  if (incomplete.length === 0) return { type: 'Initialized', status: 'True' };
  const names = incomplete.map(({ name }) => name).join(' ');
  return { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${names}]` };
}
