import type { Client, Clock, Logger, Random } from '@kybern/core';
import type { Pod, Taint } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';
import { RuntimeError, type ContainerRuntime, type Prober } from '@kybern/runtime-cri';
import type { Amounts } from '../decisions/pod-requests.ts';
import type { PodCache } from '../runtime/pod-cache.ts';
import type { PodPlace } from '../runtime/configs.ts';
import type { PodCgroups } from '../cgroups/pod-cgroups.ts';
import type { DeviceManager } from '../devices/device-manager.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { ImagePuller } from './image-puller.ts';
import type { ServiceSource } from './service-source.ts';

/** What every Pod worker of one kubelet works with. */
export interface KubeletContext {
  readonly nodeName: string;
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly cache: PodCache;
  readonly images: ImagePuller;
  /** The node's addresses, its primary one first. */
  readonly hostIPs: readonly string[];
  /** What the node can give to Pods. */
  readonly allocatable: Amounts;
  /** What the Pods that were let in ask for; workers add and take away. */
  readonly requested: Record<string, number>;
  /** Wakes the Pods whose resize waits for room; with each, its priority. Those that wait longest come first. */
  readonly deferred: Map<() => void, number>;
  /** Where Pods have their volumes; undefined on nodes that are no machines. */
  volumes(): PodVolumes | undefined;
  /** Removes the logs of a Pod that is gone, where this is a machine. */
  removeLogs(uid: string): Promise<void>;
  /** What Pods may use of the machine; undefined on nodes that do not hold them to it. */
  cgroups(): PodCgroups | undefined;
  /** The devices of the machine; undefined on nodes that have none to give. */
  devices(): DeviceManager | undefined;
  /** The Services that containers are told of; undefined on nodes that are no machines. */
  services(): ServiceSource | undefined;
  /** Where a Pod has its logs and its cgroup. */
  placeOf(pod: Pod): PodPlace;
  /** The runtime's name, as container ids begin. */
  runtimeName(): string;
  /** The node's taints as last seen. */
  taints(): readonly Taint[];
  /** Called before the first sandbox: the runtime knows the node's Pod range, if there is one. */
  ensurePodCidr(signal: AbortSignal): Promise<void>;
}

/** How many retries in a row a virtual clock that settles waits for. What failed so often goes on failing, and is no work in progress. */
export const PATIENCE = 3;

/** How long the runtime may take to make or start something. @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (RuntimeRequestTimeout) */
const REQUEST_TIMEOUT_MS = 120_000;

/**
 * Makes a call of the runtime that may not take longer than two minutes.
 *
 * @throws {RuntimeError} `DEADLINE_EXCEEDED` when it does; the signal's reason when that aborts
 */
export async function inTime<T>({ clock }: Pick<KubeletContext, 'clock'>, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.after(REQUEST_TIMEOUT_MS, () => controller.abort(new RuntimeError('DEADLINE_EXCEEDED', 'context deadline exceeded')));
  try {
    return await call(controller.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
