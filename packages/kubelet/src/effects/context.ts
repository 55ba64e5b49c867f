import type { Client, Clock, Logger, Random } from '@kybern/core';
import type { Taint } from '@kybern/core/kinds';
import type { EventRecorder } from '@kybern/reconcile';
import type { ContainerRuntime, Prober } from '@kybern/runtime-cri';
import type { Amounts } from '../decisions/pod-requests.ts';
import type { PodCache } from '../runtime/pod-cache.ts';
import type { ImagePuller } from './image-puller.ts';

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
  /** The runtime's name, as container ids begin. */
  runtimeName(): string;
  /** The node's taints as last seen. */
  taints(): readonly Taint[];
  /** Called before the first sandbox: the runtime knows the node's Pod range, if there is one. */
  ensurePodCidr(signal: AbortSignal): Promise<void>;
}

/** How many retries in a row a virtual clock that settles waits for. What failed so often goes on failing, and is no work in progress. */
export const PATIENCE = 3;
