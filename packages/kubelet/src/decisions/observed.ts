/** A PodSandbox as the runtime has it. */
export interface ObservedSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  /** Wall time in ms, with fractions. */
  readonly createdAtMs: number;
  /** Empty for Pods on the host's network. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
}

/** One container in the runtime: one attempt at running a container of the Pod's spec. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  /** The restart count with which it was made. */
  readonly attempt: number;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  /** Of the definition that it was made from, as {@link containerHash} gives it. */
  readonly hash: string;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** The same times as the API writes them; empty when there is none. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly image: string;
  readonly imageRef: string;
}

/** What the runtime has of one Pod. */
export interface ObservedPod {
  /** Newest first. */
  readonly sandboxes: readonly ObservedSandbox[];
  /** Newest first; of one name there may be several. */
  readonly containers: readonly ObservedContainer[];
}

/** A Pod of which the runtime has nothing. */
export const NOTHING_OBSERVED: ObservedPod = Object.freeze({ sandboxes: Object.freeze([]), containers: Object.freeze([]) });

/** The newest container of a name. */
export function newestContainer(observed: ObservedPod, name: string): ObservedContainer | undefined {
  for (const container of observed.containers) if (container.name === name) return container;
  return undefined;
}

/** Whether any container runs. One in an unknown state may run and counts. */
export function hasLiveContainer(observed: ObservedPod): boolean {
  return observed.containers.some(isLive);
}

/** Whether a container runs, or may. */
export function isLive(container: ObservedContainer): boolean {
  return container.state === 'running' || container.state === 'unknown';
}
