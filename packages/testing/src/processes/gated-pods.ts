import type { Pod } from '@kybern/core/kinds';
import type { PodListener, PodSource } from '@kybern/kubelet';

/** A node's part of the watch that all nodes share. Closed, it lets nothing through; opened again, it tells what is so by then. */
export interface GatedPods extends PodSource {
  /** Looks whether the gate is open, and tells what was held back if it is. */
  update(): void;
}

/** Makes a {@link GatedPods}: what a node that is cut off does not hear of. */
export function createGatedPods(pods: PodSource, isOpen: () => boolean): GatedPods {
  /** Invariant: empty while the gate is open. The newest of each Pod, or that it is gone. */
  const held = new Map<string, () => void>();
  const tell = (pod: Pod, fn: () => void): void => {
    if (isOpen() && held.size === 0) return fn();
    const uid = pod.metadata.uid ?? '';
    held.delete(uid);
    held.set(uid, fn);
  };
  return {
    synced: pods.synced,
    run: (signal) => pods.run(signal),
    subscribe(nodeName, listener: PodListener) {
      return pods.subscribe(nodeName, {
        onPod: (pod) => tell(pod, () => listener.onPod(pod)),
        onPodGone: (pod) => tell(pod, () => listener.onPodGone(pod)),
      });
    },
    update() {
      if (!isOpen()) return;
      const told = [...held.values()];
      held.clear();
      for (const fn of told) fn();
    },
  };
}
