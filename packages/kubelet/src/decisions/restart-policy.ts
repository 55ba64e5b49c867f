import type { Container, Pod } from '@kybern/core/kinds';
import { newestContainer, type ObservedPod } from './observed.ts';

/** An init container that keeps running beside the others: a sidecar. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/**
 * Whether a regular (or not restartable init) container that ended with `exitCode` is to run again: its own rules first, then its own policy, then the Pod's.
 *
 * @see kubernetes v1.36 pkg/api/v1/pod/util.go (ContainerShouldRestart); KEP-5307
 */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    if (rule.exitCodes === undefined) continue;
    const listed = rule.exitCodes.values?.includes(exitCode) === true;
    if (listed === (rule.exitCodes.operator === 'In') && rule.action === 'Restart') return true;
  }
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** Whether an init container that failed is tried again. With the policy `Always` it is tried again only after a failure, as for `OnFailure`. */
export function initRestartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  return exitCode !== 0 && restartsAfter(pod, container, exitCode);
}

/**
 * Whether a regular container is to be started (again), back-off aside.
 *
 * @see kubernetes v1.36 pkg/kubelet/container/helpers.go (ShouldContainerBeRestarted)
 */
export function wantsStart(pod: Pod, container: Container, observed: ObservedPod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const newest = newestContainer(observed, container.name);
  if (newest === undefined) return true;
  switch (newest.state) {
    case 'running':
      return false;
    case 'created':
    case 'unknown':
      return true;
    case 'exited':
      return restartsAfter(pod, container, newest.exitCode);
  }
}
