import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Makes named pipes that only this user may open. */
export async function makePipes(paths: readonly string[]): Promise<void> {
  await run('mkfifo', ['-m', '600', ...paths]);
}

/**
 * Opens one end of a named pipe; it does not wait for a peer. `read` ends when the last writer is gone; `hold` is there for reading, but keeps the pipe open for writers to come; `write` only writes, and what it
 * writes waits for a reader.
 *
 * @throws {Error} when there is no such pipe
 */
export function openPipe(path: string, mode: 'read' | 'hold' | 'write'): Socket {
  const fd = openSync(path, (mode === 'read' ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: mode !== 'write', writable: mode === 'write' });
  // Whoever reads learns of the end, and of nothing else.
  socket.on('error', () => undefined);
  return socket;
}
