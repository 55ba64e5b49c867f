import { spawn, type ChildProcess } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import type { Clock } from '@kybern/core';
import { RuntimeError } from '../errors.ts';
import type { ExecRequest, ExecSyncResponse } from '../generated/cri.ts';
import type { ExecStreams } from '../runtime.ts';
import { inTerminal, resolveProgram, type Launch } from './launch.ts';
import { signalGroup } from './process-table.ts';

/** As much output of a command as is kept. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 };

/** Starts a command beside a container's process. @throws {RuntimeError} `UNKNOWN` when it cannot be started */
export async function startCommand(launch: Launch, cmd: readonly string[], tty = false): Promise<ChildProcess> {
  const [program = '', ...args] = cmd;
  const path = resolveProgram(program, launch);
  const [command = '', ...rest] = tty ? inTerminal([path, ...args]) : [path, ...args];
  const child = spawn(command, rest, {
    cwd: launch.cwd,
    env: tty ? { TERM: 'xterm', ...launch.env } : launch.env,
    stdio: 'pipe',
    detached: true,
    ...(tty ? {} : { argv0: program }),
    ...(launch.uid === undefined || launch.gid === undefined ? {} : { uid: launch.uid, gid: launch.gid }),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new RuntimeError('UNKNOWN', `failed to exec: ${error.message}`, { cause: error })));
  });
  return child;
}

/** A running command's streams, as the request asks for them. */
export function commandStreams(child: ChildProcess, wanted: Omit<ExecRequest, 'containerId' | 'cmd'>): ExecStreams {
  const { stdin, stdout, stderr } = child;
  if (wanted.stdin !== true) stdin?.end();
  // A command may end before it has read all of its input.
  stdin?.on('error', () => undefined);
  if (wanted.stdout !== true) stdout?.resume();
  if (wanted.stderr !== true || wanted.tty === true) stderr?.resume();
  return {
    ...(wanted.stdin === true && stdin !== null ? { stdin: Writable.toWeb(stdin) as WritableStream<Uint8Array> } : {}),
    ...(wanted.stdout === true && stdout !== null ? { stdout: Readable.toWeb(stdout) as ReadableStream<Uint8Array> } : {}),
    ...(wanted.stderr === true && wanted.tty !== true && stderr !== null ? { stderr: Readable.toWeb(stderr) as ReadableStream<Uint8Array> } : {}),
    exitCode: exitCodeOf(child),
    // Differs from Kubernetes: the terminal that `script` makes keeps the size it begins with.
    resize: () => Promise.resolve(),
  };
}

/** Resolves when the command has ended and its output was read. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0)));
  });
}

/** Runs a command to its end. @throws {RuntimeError} `DEADLINE_EXCEEDED` when the time is over; the signal's reason when that aborts. Then it is killed */
export async function runCommand(
  child: ChildProcess,
  { clock, timeoutSeconds, signal }: { readonly clock: Clock; readonly timeoutSeconds: number; readonly signal: AbortSignal | undefined },
): Promise<ExecSyncResponse> {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end();
  const kill = (): void => void signalGroup(child.pid ?? 0, 'SIGKILL');
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => (): void => {
      cancel?.();
      signal?.removeEventListener('abort', onAbort);
      then();
    };
    const onAbort = settle(() => {
      kill();
      reject(signal?.reason as Error);
    });
    const onTimeout = settle(() => {
      kill();
      reject(new RuntimeError('DEADLINE_EXCEEDED', `failed to exec in container: timeout ${String(timeoutSeconds)}s exceeded: context deadline exceeded`));
    });
    const cancel = timeoutSeconds > 0 ? clock.after(timeoutSeconds * 1000, onTimeout) : undefined;
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    void exitCodeOf(child).then((exitCode) => settle(() => resolve({ stdout: stdout(), stderr: stderr(), exitCode }))());
  });
}

/** What is more than {@link MAX_OUTPUT_BYTES} is dropped. */
function collect(stream: Readable | null): () => Uint8Array {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (bytes < MAX_OUTPUT_BYTES) chunks.push(chunk.subarray(0, MAX_OUTPUT_BYTES - bytes));
    bytes += chunk.length;
  });
  return () => new Uint8Array(Buffer.concat(chunks));
}
