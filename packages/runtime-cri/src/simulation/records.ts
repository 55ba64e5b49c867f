import type {
  Container,
  ContainerConfig,
  ContainerState,
  ContainerStatus,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxState,
  PodSandboxStatus,
} from '../generated/cri.ts';
import type { BehaviorSubject } from './behaviors.ts';
import type { SimulatedFiles } from './files.ts';
import type { ScriptedContainer } from './stages/container-script.ts';

/** A line of a container's log. */
export interface SimulatedLogLine {
  readonly timeMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** A sandbox. Invariant: `ip` is taken from the pool iff it is set here. */
export interface SandboxRecord {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly runtimeHandler: string;
  readonly createdAt: number;
  state: PodSandboxState;
  ip: string | undefined;
  readonly containers: ContainerRecord[];
}

/** A container. Invariant: `timers` is empty and `cancelExit` unset unless it is RUNNING; `waiters` is emptied when it becomes EXITED or is removed. */
export interface ContainerRecord {
  readonly id: string;
  readonly sandbox: SandboxRecord;
  config: ContainerConfig;
  readonly subject: BehaviorSubject;
  readonly imageId: string;
  readonly imageRef: string;
  readonly createdAt: number;
  state: ContainerState;
  starting: boolean;
  removed: boolean;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  /** Log lines to come, and the end that a stop brings. */
  timers: (() => void)[];
  /** The end that the behaviour foresees. */
  cancelExit: (() => void) | undefined;
  hung: boolean;
  /** Its part of a script while it runs. */
  scripted: ScriptedContainer | undefined;
  /** The time of its processor that was counted, until when; only where it changes. */
  counted: { readonly coreNs: number; readonly atMs: number } | undefined;
  readonly log: SimulatedLogLine[];
  /** How many lines were dropped from the beginning of `log`. */
  logDropped: number;
  /** Called once when a line is written or the container ends. */
  readonly logWaiters: Set<() => void>;
  /** What commands have written into its file system; made when one does. */
  files: SimulatedFiles | undefined;
  readonly waiters: Set<() => void>;
  /** Made when asked for and dropped at every change, so an unchanged status is the same object. */
  status: ContainerStatus | undefined;
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** The sandbox as ListPodSandbox has it. */
export function sandboxItem(record: SandboxRecord): PodSandbox {
  const { metadata, labels = NO_LABELS, annotations = NO_LABELS } = record.config;
  return { id: record.id, metadata, state: record.state, createdAt: record.createdAt, labels, annotations, runtimeHandler: record.runtimeHandler };
}

/** The sandbox as PodSandboxStatus has it. */
export function sandboxStatus(record: SandboxRecord): PodSandboxStatus {
  const options = record.config.linux?.securityContext?.namespaceOptions;
  return {
    ...sandboxItem(record),
    network: { ip: record.ip ?? '', additionalIps: [] },
    ...(options === undefined ? {} : { linux: { namespaces: { options } } }),
  };
}

/** The container as ListContainers has it. */
export function containerItem(record: ContainerRecord): Container {
  const { metadata, image, labels = NO_LABELS, annotations = NO_LABELS } = record.config;
  const { id, state, imageRef, imageId, createdAt } = record;
  return { id, podSandboxId: record.sandbox.id, metadata, image, imageRef, imageId, state, createdAt, labels, annotations };
}

/** The container as ContainerStatus has it. */
export function containerStatus(record: ContainerRecord): ContainerStatus {
  record.status ??= makeContainerStatus(record);
  return record.status;
}

function makeContainerStatus(record: ContainerRecord): ContainerStatus {
  const { metadata, image, labels = NO_LABELS, annotations = NO_LABELS, mounts = [], logPath = '', linux, stopSignal } = record.config;
  const { id, state, createdAt, startedAt, finishedAt, exitCode, reason, message, imageRef, imageId } = record;
  return Object.freeze({
    id,
    metadata,
    state,
    createdAt,
    startedAt,
    finishedAt,
    exitCode,
    reason,
    message,
    image,
    imageRef,
    imageId,
    labels,
    annotations,
    mounts,
    logPath,
    ...(linux?.resources === undefined ? {} : { resources: { linux: linux.resources } }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
  });
}
