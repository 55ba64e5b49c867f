import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { cri } from '@kybern/runtime-cri';

/** As much of a message as is told. @see kubernetes v1.36 pkg/kubelet/container/runtime.go (MaxContainerTerminationMessageLength) */
const MAX_BYTES = 4096;
const MAX_LOG_LINES = 80;
const MAX_LOG_BYTES = 2048;

/** How a container's last words are found: the annotations that its kubelet gave it. */
export interface TerminationAnnotations {
  readonly path: string;
  readonly policy: string;
}

/**
 * What a container that has ended left as its message: the file at its terminationMessagePath; when that is empty and the policy says so, the end of its log after an error.
 *
 * Reads a few KiB at once: it is asked once for each container that ends.
 */
export function readTerminationMessage({ mounts = [], annotations, exitCode, logPath = '' }: cri.ContainerStatus, keys: TerminationAnnotations): string {
  const path = annotations[keys.path];
  const hostPath = path === undefined ? undefined : mounts.find(({ containerPath }) => containerPath === path)?.hostPath;
  const written = hostPath === undefined ? '' : readPart(hostPath, 'start').toString('utf8');
  if (written !== '' || exitCode === 0 || annotations[keys.policy] !== 'FallbackToLogsOnError') return written;
  const lines = readPart(logPath, 'end')
    .toString('utf8')
    .split('\n')
    .slice(-MAX_LOG_LINES - 1);
  return lines
    .map((line) => line.replace(/^\S+ \S+ \S+ /, ''))
    .join('\n')
    .slice(-MAX_LOG_BYTES);
}

/** The first or last few KiB of a file. */
function readPart(path: string, part: 'start' | 'end'): Buffer {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(part === 'start' ? MAX_BYTES : MAX_BYTES * 4);
      const at = part === 'start' ? 0 : Math.max(0, fstatSync(file).size - bytes.length);
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, at));
    } finally {
      closeSync(file);
    }
  } catch {
    return Buffer.alloc(0); // it is not there, or not to be read: there is no message
  }
}
