import type { ExecStreams } from '../runtime.ts';
import type { SimulatedFiles } from './files.ts';
import type { WantedStreams } from './streams.ts';

/** What a {@link SimulatedProgram} sees of the world. */
export interface SimulatedProcess {
  readonly command: readonly string[];
  /** The container's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly tty: boolean;
  /** Is at its end at once when nobody gives input. */
  readonly stdin: ReadableStream<Uint8Array>;
  readonly files: SimulatedFiles;
  /** Wall time, ms since the epoch. */
  now(): number;
  /** Aborts when the container ends or whoever started the process goes away. */
  readonly signal: AbortSignal;
  /** The terminal's size, once it was told. */
  size(): { readonly width: number; readonly height: number } | undefined;
  /** Resolves when it was read. What nobody reads is dropped. */
  write(output: string | Uint8Array, stream?: 'stdout' | 'stderr'): Promise<void>;
}

/** A program of a simulated container. Its result is the exit code. */
export type SimulatedProgram = (process: SimulatedProcess) => Promise<number> | number;

/** What {@link startProcess} starts. */
export interface ProcessStart extends Pick<SimulatedProcess, 'command' | 'env' | 'files' | 'now'> {
  readonly program: SimulatedProgram;
  readonly wanted: WantedStreams;
  /** Resolves when the container has ended. */
  readonly containerEnded: Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
}

const KILLED = 137;
const CRASHED = 1;

/** Starts a program. It ends by itself, with its container (137), or with the signal, with whose reason everything then ends. */
export function startProcess(start: ProcessStart): ExecStreams {
  const { wanted, signal } = start;
  const tty = wanted.tty === true;
  const end = new AbortController();
  let input: TransformStreamDefaultController<Uint8Array> | undefined;
  const stdin = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => {
      input = controller;
    },
  });
  const stdout = wanted.stdout === true ? new TransformStream<Uint8Array, Uint8Array>() : undefined;
  const stderr = wanted.stderr === true && !tty ? new TransformStream<Uint8Array, Uint8Array>() : undefined;
  const outputs = { stdout: stdout?.writable.getWriter(), stderr: tty ? undefined : stderr?.writable.getWriter() };
  if (wanted.stdin !== true) void stdin.writable.close().catch(ignore);
  let size: ReturnType<SimulatedProcess['size']>;
  const process: SimulatedProcess = {
    command: start.command,
    env: start.env,
    files: start.files,
    now: start.now,
    tty,
    stdin: stdin.readable,
    signal: end.signal,
    size: () => size,
    async write(output, stream = 'stdout') {
      const writer = outputs[tty ? 'stdout' : stream];
      // Whoever has gone does not read: the program goes on, as one that ignores SIGPIPE.
      await writer?.write(typeof output === 'string' ? new TextEncoder().encode(output) : output).catch(ignore);
    },
  };
  const exitCode = run(start, process, end).then(async (code) => {
    await Promise.all(Object.values(outputs).map((writer) => writer?.close().catch(ignore)));
    // Who goes on writing learns that nobody reads any more.
    input?.terminate();
    signal?.throwIfAborted();
    return code;
  });
  exitCode.catch((error: unknown) => {
    for (const writer of Object.values(outputs)) void writer?.abort(error).catch(ignore);
  });
  return {
    ...(wanted.stdin === true ? { stdin: stdin.writable } : {}),
    ...(stdout === undefined ? {} : { stdout: stdout.readable }),
    ...(stderr === undefined ? {} : { stderr: stderr.readable }),
    exitCode,
    resize: async (next) => {
      if (tty) size = next;
    },
  };
}

/** The first of: the program's end, the container's, the caller's. */
async function run({ program, containerEnded, signal }: ProcessStart, process: SimulatedProcess, end: AbortController): Promise<number> {
  const onAbort = (): void => end.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  const aborted = new Promise<number>((_, reject) => {
    if (end.signal.aborted) reject(end.signal.reason as Error);
    end.signal.addEventListener('abort', () => reject(end.signal.reason as Error), { once: true });
  });
  aborted.catch(ignore);
  const killed = containerEnded.then(() => KILLED);
  killed.catch(ignore);
  try {
    return await Promise.race([
      Promise.resolve()
        .then(() => program(process))
        .catch((error: unknown) => crash(process, error)),
      killed,
      aborted,
    ]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    end.abort(new Error('the process has ended'));
  }
}

/** A program that throws has crashed: its message is the last that is heard of it. */
async function crash(process: SimulatedProcess, error: unknown): Promise<number> {
  if (!process.signal.aborted) await process.write(`${error instanceof Error ? error.message : String(error)}\n`, 'stderr');
  return CRASHED;
}

const ignore = (): void => undefined;
