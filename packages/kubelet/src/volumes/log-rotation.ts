import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ContainerRuntime } from '@kybern/runtime-cri';

/** How much of a container's log is kept. @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (ContainerLogMaxSize, ContainerLogMaxFiles) */
export interface LogLimits {
  readonly maxBytes: number;
  /** The one that is written included. */
  readonly maxFiles: number;
}

/** Those of Kubernetes: 5 files of 10 MiB. */
export const DEFAULT_LOG_LIMITS: LogLimits = Object.freeze({ maxBytes: 10 * 2 ** 20, maxFiles: 5 });

/**
 * Moves the logs of running containers away that have grown too long, and drops the oldest. The runtime goes on in a new file.
 *
 * Differs from Kubernetes: files that were moved away are not compressed.
 *
 * @param stamp ends the names of moved files; later ones must sort after earlier ones
 * @throws {RuntimeError} when the runtime does not go on in a new file; then the old one is put back
 * @see kubernetes v1.36 pkg/kubelet/logs/container_log_manager.go (rotateLog)
 */
export async function rotateLogs(runtime: ContainerRuntime, stamp: string, limits: LogLimits = DEFAULT_LOG_LIMITS): Promise<void> {
  const { containers } = await runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } });
  for (const { id: containerId } of containers) {
    const { logPath = '' } = (await runtime.containerStatus({ containerId })).status ?? {};
    const size = logPath === '' ? 0 : ((await stat(logPath).catch(() => undefined))?.size ?? 0); // it has written nothing yet
    if (size > limits.maxBytes) await rotate(runtime, { containerId, logPath, stamp, maxFiles: limits.maxFiles });
  }
}

interface Rotation {
  readonly containerId: string;
  readonly logPath: string;
  readonly stamp: string;
  readonly maxFiles: number;
}

async function rotate(runtime: ContainerRuntime, { containerId, logPath, stamp, maxFiles }: Rotation): Promise<void> {
  const moved = `${logPath}.${stamp}`;
  await rename(logPath, moved);
  try {
    await runtime.reopenContainerLog({ containerId });
  } catch (error) {
    await rename(moved, logPath);
    throw error;
  }
  const folder = dirname(logPath);
  const old = (await readdir(folder)).filter((name) => name.startsWith(`${basename(logPath)}.`)).sort();
  for (const name of old.slice(0, Math.max(0, old.length - (maxFiles - 1)))) await rm(join(folder, name), { force: true });
}
