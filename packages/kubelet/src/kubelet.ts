import { noopLogger, parseQuantity, systemClock, systemRandom, type Client, type Clock, type Logger, type NodeConnections, type Random } from '@kybern/core';
import type { NodeAddress, NodeSystemInfo, Pod, Taint } from '@kybern/core/kinds';
import { createEventRecorder, type EventRecorder } from '@kybern/reconcile';
import type { ContainerRuntime, Prober } from '@kybern/runtime-cri';
import type { PodResolver } from './runtime/configs.ts';
import type { DiskSpace, ImageGarbagePolicy } from './decisions/image-garbage.ts';
import { DEFAULT_CAPACITY, defaultAddresses, defaultNodeInfo, type NodeDescription } from './node/node-object.ts';
import { createPodSource, type PodSource } from './pod-source.ts';
import { createNetworkProber } from './probes/network-prober.ts';
import { createLazyConnections } from './streams/lazy-connections.ts';
import { RunningKubelet, type MachineFolders } from './running-kubelet.ts';

/** Options of {@link createKubelet}. */
export interface KubeletOptions {
  /** The Node's name. */
  readonly name: string;
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Spreads retries and heartbeats. Default: the machine's. */
  readonly random?: Random;
  readonly logger?: Logger;
  /** Default 8 CPUs, 32Gi memory, 100Gi ephemeral-storage, 110 Pods; what is given here replaces single entries. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** What Pods may use of it. Default: all of the capacity. */
  readonly allocatable?: Readonly<Record<string, string>>;
  /** Labels of the Node besides `kubernetes.io/hostname`, `/os` and `/arch`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Taints with which the Node is registered. */
  readonly taints?: readonly Taint[];
  /** Default: its name, and an address from 172.16.0.0/12 that follows from the name. */
  readonly addresses?: readonly NodeAddress[];
  /** Where its kubelet port is, for API servers of other processes. Default: nowhere. */
  readonly port?: number;
  /** What the Node says of its software. Default: Linux on amd64, kubelet v1.36. */
  readonly nodeInfo?: Partial<NodeSystemInfo>;
  /** Where the Pods come from; it is run by whoever made it. Default: a watch of this node's Pods alone, which this kubelet runs. */
  readonly pods?: PodSource;
  /** How probes and HTTP hooks reach Pods. Default: as the runtime says, else through the network. */
  readonly prober?: Prober;
  /**
   * How many images are pulled at the same time. Default 5.
   *
   * Differs from Kubernetes: there it is one, unless `serializeImagePulls` is turned off.
   */
  readonly maxParallelImagePulls?: number;
  /**
   * Where this machine keeps what Pods need. Set it when containers are real: then volumes are mounted, hosts files written, termination messages read. Unset: the node is no machine, and its containers see no
   * files.
   */
  readonly machine?: MachineFolders;
  /** When images go that nobody uses. Default: Kubernetes' 85 and 80 per cent of the disk that has them, and two minutes of age. Of account on machines alone. */
  readonly imageGarbage?: Partial<ImageGarbagePolicy> & {
    /** How full a disk is. Default: as the file system says. */
    readonly diskSpace?: (mountpoint: string) => Promise<DiskSpace>;
  };
  /** Where events go. Default: to the API. */
  readonly recorder?: EventRecorder;
  /**
   * What the resolver in a Pod is told, by its `dnsPolicy`: `podResolverConfig` of `@kybern/netmodel` computes it. Default: the runtime's own choice, which is
   * the machine's configuration, unless the policy is `None`.
   */
  readonly resolver?: (pod: Pod) => PodResolver;
  /** Told of every load that takes real time (code for connections), so that a virtual clock can wait for it. */
  readonly pending?: <T>(load: Promise<T>) => Promise<T>;
}

/** A node agent. */
export interface Kubelet {
  readonly name: string;
  /** The way into its Pods for an API server: logs, commands, ports. Nobody answers there while the kubelet does not run. */
  readonly connections: NodeConnections;
  /**
   * Registers the Node, keeps it alive, and runs its Pods until the signal aborts; resolves when nothing of it is under way any more. Containers keep running:
   * the next run, of this or another kubelet with the same name and runtime, takes them over.
   */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Makes the agent of one node: it turns Pods into sandboxes and containers of `runtime`, and what becomes of them back into status. It speaks to the runtime
 * through the CRI alone, so simulated and real nodes are run by the same code.
 *
 * @throws {RangeError} when the name is empty or a quantity is none
 * @see kubernetes v1.36 pkg/kubelet/kubelet.go
 */
export function createKubelet(options: KubeletOptions): Kubelet {
  const { name, client, runtime, clock = systemClock(), random = systemRandom(), logger = noopLogger } = options;
  const description = describe(options);
  let runs = 0;
  let current: RunningKubelet | undefined;
  return {
    name,
    connections: createLazyConnections({ name, client, runtime, clock, isRunning: () => runs > 0, usage: () => current?.usage() }, options.pending),
    async run(signal) {
      const pods = options.pods ?? createPodSource(client, { nodeName: name, clock, random, logger });
      const own = options.pods === undefined ? pods.run(signal) : undefined;
      const running = new RunningKubelet({
        description,
        client,
        runtime,
        clock,
        random,
        logger: logger.with({ node: name }),
        pods,
        prober: options.prober ?? runtime.prober ?? createNetworkProber(clock),
        recorder: options.recorder ?? createEventRecorder({ client, component: 'kubelet', host: name, clock, random, logger }),
        maxParallelImagePulls: options.maxParallelImagePulls ?? 5,
        machine: options.machine,
        imageGarbage: options.imageGarbage ?? {},
        resolver: options.resolver,
      });
      runs += 1;
      current = running;
      try {
        await running.run(signal);
      } finally {
        runs -= 1;
      }
      await own;
    },
  };
}

function describe(options: KubeletOptions): NodeDescription {
  const { name } = options;
  if (name === '') throw new RangeError('name of the node is empty');
  const capacity = { ...DEFAULT_CAPACITY, ...options.capacity };
  const allocatable = { ...capacity, ...options.allocatable };
  for (const [resource, quantity] of [...Object.entries(capacity), ...Object.entries(allocatable)]) checkQuantity(resource, quantity);
  return {
    name,
    labels: options.labels ?? {},
    taints: options.taints ?? [],
    addresses: options.addresses ?? defaultAddresses(name),
    port: options.port,
    capacity,
    allocatable,
    nodeInfo: { ...defaultNodeInfo(name), ...options.nodeInfo },
  };
}

function checkQuantity(resource: string, quantity: string): void {
  try {
    parseQuantity(quantity);
  } catch (cause) {
    throw new RangeError(`capacity of ${resource} is no quantity: "${quantity}"`, { cause });
  }
}
