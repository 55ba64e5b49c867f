import { randomInt, systemClock, systemRandom, type Clock, type Random } from '@kybern/core';
import type { ContainerRuntime } from '../runtime.ts';
import {
  createSimulatedBehaviors,
  type PullBehavior,
  type SimulatedBehavior,
  type SimulatedBehaviors,
  type SimulatedTarget,
  type Pattern,
} from './behaviors.ts';
import type { ContainerState } from '../generated/cri.ts';
import type { SimulatedLogLine } from './records.ts';
import type { SimulatedFiles } from './files.ts';
import type { ContainerScripts } from './stages/container-script.ts';
import { RuntimeSimulation } from './runtime-simulation.ts';

/** Options of {@link createSimulatedRuntime}. */
export interface SimulatedRuntimeOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Ids and latencies come from here. Default: the machine's. */
  readonly random?: Random;
  /**
   * Where sandboxes get their addresses, an IPv4 range of /8 to /29. Default: a /24 of 10.128.0.0/9 drawn from `random`, so that nodes of one cluster seldom
   * share one; a kubelet sets the one that the cluster gave to its node (UpdateRuntimeConfig).
   */
  readonly podCidr?: string;
  /** What containers do; without it they start and run for ever. Pass one set to several runtimes to script them together. */
  readonly behaviors?: readonly SimulatedBehavior[] | SimulatedBehaviors;
  /** What containers do by themselves, by a script: see {@link createContainerScripts}. Share one among the runtimes of a cluster. */
  readonly scripts?: ContainerScripts;
  /** Images that are there from the start. */
  readonly images?: readonly string[];
}

/** A container as the simulation sees it, for assertions. */
export interface SimulatedContainer {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly exitCode: number;
  readonly reason: string;
}

/** A container's id, or the names of several. */
export type ContainerSelector = string | SimulatedTarget;

/** How {@link SimulatedRuntime.crash} ends a process. */
export interface CrashOptions {
  /** Default 1. */
  readonly exitCode?: number;
  /** Default `Error`. */
  readonly reason?: string;
  readonly message?: string;
}

/**
 * A node's runtime without containers: the CRI's behaviour, in the time of the clock it is given, with faults on demand. The same clock, random and calls give
 * the same ids, addresses and times.
 */
export interface SimulatedRuntime extends ContainerRuntime, Disposable {
  readonly prober: NonNullable<ContainerRuntime['prober']>;
  readonly behaviors: SimulatedBehaviors;
  /** Makes running containers end now. @returns how many there were */
  crash(selector: ContainerSelector, options?: CrashOptions): number;
  /** Makes running containers end as the kernel's memory limit does: 137, OOMKilled. @returns how many there were */
  oomKill(selector: ContainerSelector): number;
  /** Makes containers deaf: probes and commands time out, SIGTERM is ignored. The returned function ends it. */
  hang(target: SimulatedTarget): () => void;
  /** Makes pulls of matching images fail: default `registry-unavailable`, until the returned function is called. */
  failPulls(image: Pattern, options?: Pick<PullBehavior, 'error' | 'times' | 'latencyMs'>): () => void;
  /** While not available every call rejects with `UNAVAILABLE` and events are lost; containers go on. As when containerd is down. */
  setAvailable(available: boolean): void;
  /** The machine loses its power: every process ends, nobody is told, and calls reject until {@link SimulatedRuntime.powerOn}. */
  powerOff(): void;
  /** The machine is back: images are there, sandboxes are NOTREADY, containers EXITED. */
  powerOn(): void;
  /** All containers there are, or those that match, in the order of their creation. */
  containers(selector?: ContainerSelector): readonly SimulatedContainer[];
  /** Makes running containers write a line. @returns how many there were */
  writeLog(selector: ContainerSelector, line: string, stream?: SimulatedLogLine['stream']): number;
  /** A container's files, for commands such as `cat` and `tar`. @throws {RuntimeError} `NOT_FOUND` */
  files(containerId: string): SimulatedFiles;
  /** What a container wrote: at most its last 1,000 lines. Empty when there is no such container. */
  logs(containerId: string): readonly SimulatedLogLine[];
  /** Ends the simulation: no more events, and no more interest in a shared set of behaviours. */
  [Symbol.dispose](): void;
}

/**
 * Makes a {@link SimulatedRuntime}. It costs microseconds and has no timers while nothing happens, so a process can hold thousands.
 *
 * @throws {RuntimeError} `INVALID_ARGUMENT` when `podCidr` is no IPv4 range
 */
export function createSimulatedRuntime(options: SimulatedRuntimeOptions = {}): SimulatedRuntime {
  const { clock = systemClock(), random = systemRandom(), images = [] } = options;
  const given = options.behaviors ?? [];
  const behaviors = 'resolve' in given ? given : createSimulatedBehaviors(given);
  const own = random.fork('runtime');
  const podCidr = options.podCidr ?? `10.${128 + randomInt(own, 128)}.${randomInt(own, 256)}.0/24`;
  const runtime = new RuntimeSimulation({ clock, random: own, podCidr, behaviors, scripts: options.scripts });
  for (const image of images) runtime.images.add(image);
  return runtime;
}
