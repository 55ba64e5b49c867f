import type * as cri from '../generated/cri.ts';

/** A PodSandbox, as it is kept on disk: no process, only a name for processes that belong together. */
export interface SandboxRecord {
  readonly id: string;
  readonly config: cri.PodSandboxConfig;
  readonly createdAt: number;
  readonly ip: string;
  readonly ready: boolean;
}

/** A container, as it is kept on disk. */
export interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: cri.ContainerConfig;
  readonly imageName: string;
  readonly imageRef: string;
  readonly logPath: string;
  readonly state: cri.ContainerState;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  /** Its guardian, and when that started, so that another process of the same id is not taken for it. */
  readonly shim?: { readonly pid: number; readonly mark: string };
  /** The container's own process, which leads its session. */
  readonly pid?: number;
}

/** A sandbox in the words of the CRI. */
export function sandboxStatus({ id, config, createdAt, ip, ready }: SandboxRecord): cri.PodSandboxStatus {
  const options = config.linux?.securityContext?.namespaceOptions;
  return {
    id,
    metadata: config.metadata,
    state: ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
    createdAt,
    network: { ip: options?.network === 'NODE' ? '' : ip, additionalIps: [] },
    linux: { namespaces: { options: { network: 'NODE', pid: 'NODE', ipc: 'NODE', ...options } } },
    labels: config.labels ?? {},
    annotations: config.annotations ?? {},
  };
}

/** The same, as it is listed. */
export function sandboxItem(record: SandboxRecord): cri.PodSandbox {
  const { id, metadata, state, createdAt, labels, annotations } = sandboxStatus(record);
  return { id, metadata, state, createdAt, labels, annotations };
}

/** A container in the words of the CRI. */
export function containerStatus(record: ContainerRecord): cri.ContainerStatus {
  const { id, config, state, createdAt, startedAt, finishedAt, exitCode, reason, message, imageRef, logPath } = record;
  return {
    id,
    metadata: config.metadata,
    state,
    createdAt,
    startedAt,
    finishedAt,
    exitCode,
    reason,
    message,
    image: config.image,
    imageRef,
    labels: config.labels ?? {},
    annotations: config.annotations ?? {},
    mounts: config.mounts ?? [],
    logPath,
  };
}

/** The same, as it is listed. */
export function containerItem(record: ContainerRecord): cri.Container {
  const { id, metadata, image, imageRef, state, createdAt, labels, annotations } = containerStatus(record);
  return { id, podSandboxId: record.sandboxId, metadata, image, imageRef, state, createdAt, labels, annotations };
}

/** Whether all wanted labels are there. */
export function hasLabels(labels: Readonly<Record<string, string>> | undefined, wanted: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}
