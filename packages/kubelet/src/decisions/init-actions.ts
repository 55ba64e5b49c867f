import type { Container } from '@kybern/core/kinds';
import { containerHash } from './container-hash.ts';
import { newestContainer, type ObservedContainer } from './observed.ts';
import { planStart, type ActionsDraft, type PodActionsInput } from './plan.ts';
import { failedProbe, isStarted } from './probe-results.ts';
import { initRestartsAfter, isSidecar } from './restart-policy.ts';

/**
 * Plans what init containers need: the next one in order, again one that failed, and sidecars that ended.
 *
 * @returns whether the regular containers may run
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go (computeInitContainerActions)
 */
export function computeInitActions(input: PodActionsInput, draft: ActionsDraft): boolean {
  const inits = input.pod.spec.initContainers ?? [];
  const initializedBefore = hasRegularContainer(input);
  for (const container of inits) {
    const state = isSidecar(container) ? decideSidecar(input, draft, container) : initializedBefore ? 'done' : decideInit(input, draft, container);
    if (state === 'failed') {
      draft.stopPod = true;
      draft.start.length = 0;
      draft.stop.length = 0;
      return false;
    }
    if (state === 'pending' && !initializedBefore) return false;
  }
  return true;
}

/** In this sandbox a regular container was made, so the init containers did their work, though the runtime may have forgotten them. */
function hasRegularContainer({ pod, observed }: PodActionsInput): boolean {
  return pod.spec.containers.some(({ name }) => {
    const newest = newestContainer(observed, name);
    return newest !== undefined && newest.createdAtMs >= (observed.sandboxes[0]?.createdAtMs ?? Infinity);
  });
}

function decideInit(input: PodActionsInput, draft: ActionsDraft, container: Container): 'done' | 'pending' | 'failed' {
  const newest = newestContainer(input.observed, container.name);
  switch (newest?.state) {
    case 'running':
      return 'pending';
    case 'exited':
      if (newest.exitCode === 0) return 'done';
      if (!initRestartsAfter(input.pod, container, newest.exitCode)) return 'failed';
      break;
    case 'unknown':
      if (!initRestartsAfter(input.pod, container, 137)) return 'failed';
      draft.stop.push(stopUnknown(container, newest));
      return 'pending';
    case 'created':
    case undefined:
      break;
  }
  planStart(input, draft, { container, kind: 'init' });
  return 'pending';
}

function decideSidecar(input: PodActionsInput, draft: ActionsDraft, container: Container): 'done' | 'pending' {
  const newest = newestContainer(input.observed, container.name);
  if (newest?.state === 'unknown') {
    draft.stop.push(stopUnknown(container, newest));
    return 'pending';
  }
  if (newest?.state !== 'running') {
    planStart(input, draft, { container, kind: 'sidecar' });
    return 'pending';
  }
  const probe = failedProbe(container, newest.id, input.probes);
  if (newest.hash !== containerHash(container)) {
    draft.stop.push({ container, id: newest.id, message: `Init container ${container.name} definition changed`, reason: 'definition-changed' });
  } else if (input.resizes?.some((each) => each.id === newest.id && each.how === 'restart') === true) {
    draft.stop.push({ container, id: newest.id, message: `Container ${container.name} resize requires restart`, reason: 'resize' });
  } else if (probe !== undefined) {
    draft.stop.push({ container, id: newest.id, message: `Init container ${container.name} failed ${probe} probe`, reason: probe });
  }
  return isStarted(container, newest, input.probes) ? 'done' : 'pending';
}

function stopUnknown(container: Container, newest: ObservedContainer): ActionsDraft['stop'][number] {
  return { container, id: newest.id, message: 'Init container is in "unknown" state, try killing it before restart', reason: 'unknown-state' };
}
