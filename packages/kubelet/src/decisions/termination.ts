import type { Container, Pod } from '@kybern/core/kinds';
import { isLive, type ObservedContainer, type ObservedPod } from './observed.ts';
import { isSidecar } from './restart-policy.ts';

/** The least time that a container gets to shut down. */
export const MINIMUM_GRACE_SECONDS = 2;

/** How long the containers of a Pod may take to shut down: what the deletion says, else what the Pod says. */
export function podGraceSeconds({ metadata, spec }: Pod): number {
  return Math.max(metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30, 1);
}

/** The same when a failed probe kills a container. @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go (setTerminationGracePeriod) */
export function probeGraceSeconds(pod: Pod, container: Container, probe: 'liveness' | 'startup'): number {
  const { terminationGracePeriodSeconds } = (probe === 'liveness' ? container.livenessProbe : container.startupProbe) ?? {};
  return terminationGracePeriodSeconds ?? podGraceSeconds(pod);
}

/** A live container to be stopped with its whole Pod, and which others have to be gone before. */
export interface TerminationStep {
  readonly observed: ObservedContainer;
  /** Undefined when the Pod's spec does not have it (any more). */
  readonly container: Container | undefined;
  /** Ids of containers that end before this one is told to. */
  readonly after: readonly string[];
}

/**
 * In which order the containers of a Pod end: regular and init containers together, then the sidecars in the reverse of the order in which they started.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_termination_order.go
 */
export function computeTermination(pod: Pod, observed: ObservedPod): readonly TerminationStep[] {
  const inits = pod.spec.initContainers ?? [];
  const live = observed.containers.filter(isLive);
  const sidecars = inits.filter(isSidecar).map(({ name }) => name);
  const idsOf = (wanted: (name: string) => boolean): readonly string[] => live.filter(({ name }) => wanted(name)).map(({ id }) => id);
  const ordinary = sidecars.length === 0 ? [] : idsOf((name) => !sidecars.includes(name));
  const all = [...inits, ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])];
  return live.map((container) => {
    const position = sidecars.indexOf(container.name);
    return {
      observed: container,
      container: all.find(({ name }) => name === container.name),
      after: position < 0 ? [] : [...ordinary, ...idsOf((name) => sidecars.indexOf(name) > position)],
    };
  });
}
