import type { ObservedPod } from './observed.ts';

/** Ids of what nobody needs any more. */
export interface ContainerGarbage {
  readonly containers: readonly string[];
  readonly sandboxes: readonly string[];
}

/**
 * What of a Pod's past can go: of each container the newest dead attempt stays beside the one that runs (for its log and `lastState`); sandboxes that ended go when a newer one is there and nothing of theirs stays.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/kuberuntime_gc.go (evictContainers, evictSandboxes)
 */
export function computeContainerGarbage({ containers, sandboxes }: ObservedPod): ContainerGarbage {
  const dead = new Set<string>();
  const garbage: string[] = [];
  for (const { id, name, state } of containers) {
    if (state !== 'exited') continue;
    if (dead.has(name)) garbage.push(id);
    dead.add(name);
  }
  // Containers do not say whose they are, but when they were made.
  const left = containers.filter(({ id }) => !garbage.includes(id));
  const oldSandboxes = sandboxes.filter(({ ready, createdAtMs }, i) => {
    const next = sandboxes[i - 1]?.createdAtMs;
    return !ready && next !== undefined && !left.some((each) => each.createdAtMs >= createdAtMs && each.createdAtMs < next);
  });
  return { containers: garbage, sandboxes: oldSandboxes.map(({ id }) => id) };
}
