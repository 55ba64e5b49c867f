import { spawn, type ChildProcess } from 'node:child_process';
import { chown, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { sleep, type Clock } from '@kybern/core';
import { RuntimeError } from '../errors.ts';
import type { Launch } from './launch.ts';
import { CriLogWriter, type OutputName } from './log-writer.ts';
import { makePipes, openPipe } from './pipes.ts';
import { killSession, signalGroup, startMark } from './process-table.ts';
import { SHIM_SCRIPT, START_SCRIPT } from './shim-script.ts';

/** Who is told of a process. */
export interface ProcessListener {
  /** The process has ended, and its output is in the log; called once. */
  onExit(exit: ProcessExit): void;
}

/** How a process ended. */
export interface ProcessExit {
  readonly exitCode: number;
  /** Set when nobody can tell how. */
  readonly message?: string;
}

/** What {@link ContainerProcess} works with. */
export interface ContainerProcessDeps {
  readonly folder: string;
  readonly logPath: string;
  readonly clock: Clock;
  readonly listener: ProcessListener;
}

/** The guardian of a process, and the process. */
export interface ProcessIds {
  readonly shim: { readonly pid: number; readonly mark: string };
  readonly pid: number;
}

const POLL_MS = 500;
const START_MS = 30_000;
/** How long output is waited for after the end: something that got away may hold it open. */
const DRAIN_MS = 2_000;
const PIPES = ['events', 'stdout', 'stderr', 'stdin', 'ack'];
/** What runtimes say when they cannot tell how something ended. */
const UNKNOWN_EXIT = 255;

/**
 * One container's process, with the shell that guards it: its output into the log and to whoever is attached, its end to the listener. It can be taken over by a later agent.
 *
 * Invariant: the listener is told once.
 */
export class ContainerProcess {
  readonly #deps: ContainerProcessDeps;
  readonly #log: CriLogWriter;
  readonly #followers = new Set<(output: OutputName, chunk: Buffer | undefined) => void>();
  readonly #stop = new AbortController();
  #sockets: Socket[] = [];
  #stdin: Socket | undefined;
  #ack: Socket | undefined;
  #ids: ProcessIds | undefined;
  #exit: ProcessExit | undefined;
  #told = false;
  /** Its output is read. What ends before that waits with its end. */
  #reading = false;
  readonly #over = Promise.withResolvers<number>();
  #drained: Promise<void> = Promise.resolve();

  constructor(deps: ContainerProcessDeps) {
    this.#deps = deps;
    this.#log = new CriLogWriter(deps.logPath, deps.clock);
  }

  /** Set when it has ended, and the listener was told. */
  get exit(): ProcessExit | undefined {
    return this.#told ? this.#exit : undefined;
  }

  /** Starts it. @param input whether it is to have an input that can be written to. @throws {RuntimeError} `INTERNAL` when there is no shell to guard it */
  async start(launch: Launch, input: boolean): Promise<ProcessIds> {
    const { folder, clock } = this.#deps;
    const paths = PIPES.map((name) => join(folder, name));
    await makePipes(paths);
    const { uid, gid } = launch;
    if (uid !== undefined && gid !== undefined) for (const path of [folder, launch.env['KYBERN_ROOT'] ?? folder, ...paths]) await chown(path, uid, gid);
    const events = openPipe(join(folder, 'events'), 'hold');
    this.#sockets.push(events);
    const shim = spawn(
      '/bin/sh',
      ['-c', SHIM_SCRIPT, 'shim', folder, input ? 'pipe' : 'none', ...sessionLauncher(), '/bin/sh', '-c', START_SCRIPT, 'start', ...launch.argv],
      {
        cwd: launch.cwd,
        env: launch.env,
        stdio: 'ignore',
        detached: true,
        ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
      },
    );
    const pid = await this.#started(events, shim);
    shim.unref();
    const mark = (await startMark(shim.pid ?? 0)) ?? '';
    this.#ids = { shim: { pid: shim.pid ?? 0, mark }, pid };
    this.#read(input);
    this.#reading = true;
    if (this.#exit !== undefined) this.#finish(this.#exit);
    // The guardian was killed, and its container with it.
    shim.once('exit', () => void this.#lost());
    if (shim.exitCode !== null || shim.signalCode !== null) await sleep(clock, 0).then(() => this.#lost());
    return this.#ids;
  }

  /** Takes over what an earlier agent started. */
  async adopt(ids: ProcessIds, input: boolean): Promise<void> {
    this.#ids = ids;
    const { folder } = this.#deps;
    const alive = (await startMark(ids.shim.pid)) === ids.shim.mark;
    if (alive) {
      const events = openPipe(join(folder, 'events'), 'hold');
      this.#sockets.push(events);
      this.#listen(events);
      this.#read(input);
    }
    this.#reading = true;
    const ended = await this.#writtenExit();
    if (ended !== undefined) this.#end({ exitCode: ended });
    else if (!alive) await this.#lost();
    else void this.#watch(ids);
  }

  /** Resolves with the exit code when the process has ended and its output was read. */
  get ended(): Promise<number> {
    return this.#over.promise;
  }

  /** Sends a signal to all processes of the container. */
  signal(name: NodeJS.Signals): void {
    if (this.#ids !== undefined && this.#exit === undefined) signalGroup(this.#ids.pid, name);
  }

  reopenLog(): Promise<void> {
    return this.#log.reopen();
  }

  /** From now on `follower` gets the output, and undefined at the end of each. @returns ends it */
  follow(follower: (output: OutputName, chunk: Buffer | undefined) => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Writes to the process's input. @throws {RuntimeError} `FAILED_PRECONDITION` when it has none */
  write(chunk: Uint8Array): Promise<void> {
    const stdin = this.#stdin;
    if (stdin === undefined) return Promise.reject(new RuntimeError('FAILED_PRECONDITION', 'the container has no standard input'));
    return new Promise((resolve, reject) => {
      stdin.write(chunk, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Lets go of the process, which goes on. */
  async detach(): Promise<void> {
    this.#stop.abort();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets = [];
    await this.#log.close();
  }

  #started(events: Socket, shim: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        cancel();
        reject(new RuntimeError('INTERNAL', `the container could not be started: ${why}`));
      };
      const cancel = this.#deps.clock.after(START_MS, () => fail('the shell that guards it does not answer'));
      shim.once('error', (error) => fail(error.message));
      shim.once('exit', () => fail('the shell that guards it ended'));
      this.#listen(events, (pid) => {
        cancel();
        resolve(pid);
      });
    });
  }

  #listen(events: Socket, onStarted?: (pid: number) => void): void {
    let rest = '';
    events.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [what, number] = line.split(' ');
        if (what === 'started') onStarted?.(Number(number));
        else if (what === 'exited') this.#end({ exitCode: Number(number) });
      }
    });
  }

  #read(input: boolean): void {
    const { folder } = this.#deps;
    const done: Promise<void>[] = [];
    for (const output of ['stdout', 'stderr'] as const) done.push(this.#readOutput(openPipe(join(folder, output), 'read'), output));
    this.#drained = Promise.all(done).then(() => undefined);
    this.#ack = openPipe(join(folder, 'ack'), 'write');
    this.#sockets.push(this.#ack);
    if (!input) return;
    this.#stdin = openPipe(join(folder, 'stdin'), 'write');
    this.#sockets.push(this.#stdin);
  }

  #readOutput(socket: Socket, output: OutputName): Promise<void> {
    this.#sockets.push(socket);
    socket.on('data', (chunk: Buffer) => {
      for (const follower of this.#followers) follower(output, chunk);
      socket.pause();
      // What cannot be written is lost, as on a full disk; the container goes on.
      void this.#log.write(output, chunk).then(
        () => socket.resume(),
        () => socket.resume(),
      );
    });
    return new Promise((resolve) => {
      socket.once('close', () => {
        for (const follower of this.#followers) follower(output, undefined);
        void this.#log.end(output).then(resolve, resolve);
      });
    });
  }

  async #writtenExit(): Promise<number | undefined> {
    const text = await readFile(join(this.#deps.folder, 'exit'), 'utf8').catch(() => ''); // it has not ended
    return text === '' ? undefined : Number(text);
  }

  async #lost(): Promise<void> {
    if (this.#exit !== undefined || this.#stop.signal.aborted) return;
    const written = await this.#writtenExit();
    const { pid } = this.#ids ?? {};
    if (written === undefined && pid !== undefined) signalGroup(pid, 'SIGKILL');
    this.#end(written === undefined ? { exitCode: UNKNOWN_EXIT, message: 'the process that guards the container was lost' } : { exitCode: written });
  }

  /** An agent that did not start the guardian is not told of its end. */
  async #watch({ shim }: ProcessIds): Promise<void> {
    const { signal } = this.#stop;
    while (this.#exit === undefined && !signal.aborted) {
      await sleep(this.#deps.clock, POLL_MS, { signal, background: true }).catch(() => undefined); // aborted: the loop ends
      if ((await startMark(shim.pid)) !== shim.mark) return this.#lost();
    }
  }

  #end(exit: ProcessExit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    if (this.#reading) this.#finish(exit);
  }

  #finish(exit: ProcessExit): void {
    // With its first process a container ends as a whole.
    const left = this.#ids === undefined ? Promise.resolve() : killSession(this.#ids.pid);
    this.#ack?.write('ok\n');
    void left.then(() => this.#tell(exit));
  }

  /** Its end is told when its output is in the log, so that whoever reads that then has all of it. */
  async #tell(exit: ProcessExit): Promise<void> {
    const { signal } = this.#stop;
    const drained = this.#drained.then(() => this.#log.close());
    const waited = Promise.withResolvers<void>();
    const cancel = this.#deps.clock.after(DRAIN_MS, waited.resolve, { background: true });
    signal.addEventListener('abort', () => waited.resolve(), { once: true });
    await Promise.race([drained, waited.promise]);
    cancel();
    if (signal.aborted) return;
    this.#told = true;
    this.#deps.listener.onExit(exit);
    this.#over.resolve(exit.exitCode);
    void drained.then(() => this.detach());
  }
}

/** What makes a command lead a session of its own. */
function sessionLauncher(): readonly string[] {
  return process.platform === 'linux' ? ['setsid'] : ['perl', '-e', 'use POSIX; POSIX::setsid(); exec { $ARGV[0] } @ARGV or exit 127'];
}
