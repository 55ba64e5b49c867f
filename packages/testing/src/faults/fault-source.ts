import type { Call, EventFate, Fault } from '@kybern/reconcile/testing';
import type { WatchEvent, KubernetesObject } from '@kybern/core';
import type { Alternative } from '../choices.ts';
import type { TestProcess } from '../processes/process.ts';
import type { TestNode } from '../test-node.ts';

/** A call of one of the cluster's processes. */
export interface ProcessCall extends Call {
  readonly process: TestProcess;
}

/** What may go wrong with one call. */
export interface CallFault extends Alternative {
  readonly fault: Fault;
}

/** What may become of one event of a watch. */
export interface EventFault extends Alternative {
  readonly fate: EventFate;
}

/** What may happen to the cluster at some moment. */
export interface Strike extends Alternative {
  /** Makes it happen. @returns what makes it good again */
  begin(): (() => void) | undefined;
  /** How long it lasts. */
  readonly forMs: number;
}

/** What faults can see of a cluster, and do to it. */
export interface Struck {
  /** All but the API server: controllers, the scheduler, the agents of nodes. */
  readonly processes: readonly TestProcess[];
  readonly nodes: readonly TestNode[];
  /** The newest revision of the cluster's state. */
  readonly revision: number;
  /** The revisions that changed objects of a resource (`/registry/core/pods/`), the newest first; at most `limit`. */
  revisionsOf(prefix: string, limit: number): readonly number[];
  /** The API server is gone for so long: no request succeeds, and all watches are cut. The state is kept. */
  stopApiServer(forMs: number): void;
  /** Crashes a process and starts it again later. */
  crash(process: TestProcess, forMs: number): void;
}

/** One way in which things go wrong. Which of what may happen happens, and when, is the cluster's choice, by its seed. */
export interface FaultSource {
  readonly name: string;
  /** How likely it is at each point where it may happen, from 0 to 1, before a run's own intensity. */
  readonly chance: number;
  /** What may go wrong with a call, the mildest first. */
  ofCall?(call: ProcessCall, cluster: Struck): readonly CallFault[];
  /** What may become of an event of a watch. */
  ofEvent?(call: ProcessCall, event: WatchEvent<KubernetesObject>): readonly EventFault[];
  /** How long a reconcile may be put back, in ms. */
  ofReconcile?(process: TestProcess): readonly number[];
  /** What may happen to the cluster. Asked every {@link everyMs}. */
  strikes?(cluster: Struck): readonly Strike[];
  /** Default 1,000. */
  readonly everyMs?: number;
  /** It changes the order of things and breaks nothing: it is no fault, and does not count as one. */
  readonly isOrder?: boolean;
}

/** Which processes a fault is for. */
export interface FaultScope {
  /** Names of processes, or a test. Default: all. */
  readonly processes?: readonly string[] | ((process: TestProcess) => boolean);
  /** How likely it is at each point. */
  readonly chance?: number;
}

/** Whether a fault is for a process. */
export function isInScope({ processes }: FaultScope, process: TestProcess): boolean {
  if (processes === undefined) return true;
  return typeof processes === 'function' ? processes(process) : processes.includes(process.name);
}
