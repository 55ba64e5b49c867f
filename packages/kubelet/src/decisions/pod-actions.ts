import type { Container, Pod } from '@kybern/core/kinds';
import { containerHash } from './container-hash.ts';
import { computeInitActions } from './init-actions.ts';
import { newestContainer, type ObservedPod } from './observed.ts';
import { planStart, type ActionsDraft, type PodActions, type PodActionsInput } from './plan.ts';
import { failedProbe } from './probe-results.ts';
import { initRestartsAfter, isSidecar, restartsAfter, wantsStart } from './restart-policy.ts';

/**
 * Decides what to do next for a Pod that is to run: make its sandbox, start containers in order, replace those that ended or failed a probe, hold back while a
 * back-off lasts. Pure; the same input gives the same plan, and a plan without work is the goal.
 *
 * Never plans a second live container of one name, and nothing at all to start for a Pod that is being deleted.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions)
 */
export function computePodActions(input: PodActionsInput): PodActions {
  const draft: ActionsDraft = { stopPod: false, stop: [], remove: [], start: [], waiting: new Map(), retries: 0 };
  if (input.pod.metadata.deletionTimestamp !== undefined) return draft;
  if (needsSandbox(input.pod, input.observed)) replaceSandbox(input, draft);
  else keepRunning(input, draft);
  collectGarbage(input, draft);
  return draft;
}

/** Whether the Pod has no usable sandbox. @see kubernetes v1.36 pkg/kubelet/kuberuntime/util/util.go (PodSandboxChanged) */
export function needsSandbox(pod: Pod, observed: ObservedPod): boolean {
  const newest = observed.sandboxes[0];
  if (newest === undefined || !newest.ready) return true;
  if (observed.sandboxes.length > 1 && observed.sandboxes.some((sandbox, index) => index > 0 && sandbox.ready)) return true;
  const hostNetwork = pod.spec.hostNetwork === true;
  return newest.hostNetwork !== hostNetwork || (!hostNetwork && newest.ips.length === 0);
}

function replaceSandbox(input: PodActionsInput, draft: ActionsDraft): void {
  const { pod, observed } = input;
  const newest = observed.sandboxes[0];
  draft.stopPod = newest !== undefined;
  if (newest !== undefined && isOver(input)) return;
  draft.createSandbox = { attempt: newest === undefined ? 0 : newest.attempt + 1 };
  const inits = new Set(pod.spec.initContainers?.map(({ name }) => name));
  for (const container of observed.containers) if (inits.has(container.name)) draft.remove.push(container.id);
}

/** Whether a Pod that lost its sandbox has nothing left to run, so that it needs no new one. */
function isOver({ pod, observed }: PodActionsInput): boolean {
  if (observed.containers.length === 0) return false;
  if (pod.spec.restartPolicy === 'Never' && pod.spec.containers.every((container) => container.restartPolicy === undefined)) return true;
  const failedInit = pod.spec.initContainers?.some((container) => {
    const newest = newestContainer(observed, container.name);
    return !isSidecar(container) && newest?.state === 'exited' && newest.exitCode !== 0 && !initRestartsAfter(pod, container, newest.exitCode);
  });
  if (failedInit === true) return true;
  return pod.spec.containers.every((container) => {
    const newest = newestContainer(observed, container.name);
    if (newest === undefined) return false;
    // What ran in the lost sandbox is dead; how it ended is known or counts as a failure.
    return !restartsAfter(pod, container, newest.state === 'exited' ? newest.exitCode : 137);
  });
}

function keepRunning(input: PodActionsInput, draft: ActionsDraft): void {
  startEphemeralContainers(input, draft);
  const initialized = computeInitActions(input, draft);
  if (draft.stopPod || !initialized) return;
  let left = 0;
  for (const container of input.pod.spec.containers) if (decideRegular(input, draft, container) !== 'done') left += 1;
  if (left === 0) finishPod(draft);
}

/** Nothing runs and nothing will: sidecars do not keep a Pod alive. */
function finishPod(draft: ActionsDraft): void {
  draft.stopPod = true;
  draft.start.length = 0;
  draft.stop.length = 0;
}

function decideRegular(input: PodActionsInput, draft: ActionsDraft, container: Container): 'kept' | 'held' | 'done' | 'planned' {
  const { pod, observed, probes } = input;
  const newest = newestContainer(observed, container.name);
  if (newest?.state !== 'running') {
    if (!wantsStart(pod, container, observed) && (newest === undefined || input.replaced?.has(newest.id) !== true)) return 'done';
    if (newest?.state === 'unknown') {
      draft.stop.push({ container, id: newest.id, message: 'Container is in "unknown" state, try killing it before restart', reason: 'unknown-state' });
      return 'planned';
    }
    return planStart(input, draft, { container, kind: 'regular' });
  }
  const restart = pod.spec.restartPolicy !== 'Never' || container.restartPolicy !== undefined;
  const probe = failedProbe(container, newest.id, probes);
  if (newest.hash !== containerHash(container)) {
    draft.stop.push({ container, id: newest.id, message: `Container ${container.name} definition changed, will be restarted`, reason: 'definition-changed' });
  } else if (resizeRestarts(input, newest.id)) {
    draft.stop.push({ container, id: newest.id, message: `Container ${container.name} resize requires restart`, reason: 'resize' });
  } else if (probe !== undefined) {
    draft.stop.push({
      container,
      id: newest.id,
      message: `Container ${container.name} failed ${probe} probe${restart ? ', will be restarted' : ''}`,
      reason: probe,
    });
  } else return 'kept';
  return 'planned';
}

/** Whether a container can get what it was given only by being made anew. */
function resizeRestarts({ resizes = [] }: PodActionsInput, id: string): boolean {
  return resizes.some((each) => each.id === id && each.how === 'restart');
}

function startEphemeralContainers(input: PodActionsInput, draft: ActionsDraft): void {
  for (const container of input.pod.spec.ephemeralContainers ?? []) {
    if (newestContainer(input.observed, container.name) === undefined) planStart(input, draft, { container, kind: 'ephemeral' });
  }
}

/**
 * Of each name the newest container stays, and the one before it for `lastState`. One that was made but not started goes: whoever was to start it has given up,
 * and if the runtime should start it after all there would be two.
 *
 * Differs from Kubernetes: dead containers go when the next one starts, not every minute.
 */
function collectGarbage({ observed }: PodActionsInput, draft: ActionsDraft): void {
  const seen = new Map<string, number>();
  for (const { id, name, state } of observed.containers) {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const useless = state === 'created' || (count > 2 && state === 'exited');
    if (useless && !draft.remove.includes(id)) draft.remove.push(id);
  }
}
