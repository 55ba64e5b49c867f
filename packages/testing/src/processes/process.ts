import { ApiError, type Client, type Clock } from '@kybern/core';
import { createFaultyClient, type Call, type Fault, type FaultyClient } from '@kybern/reconcile/testing';
import type { Trace } from '../trace.ts';
import { createProcessClock, type ProcessClock } from './process-clock.ts';

/** A program of a test cluster: controllers, the scheduler, a node's agent. Each can crash, be cut off, and be slow, apart from the others. */
export interface TestProcess {
  readonly name: string;
  /** Whether it runs. */
  readonly alive: boolean;
  /** Whether its requests reach the API server. */
  readonly connected: boolean;
  /** Ends at once: no request of it succeeds any more, no timer of it fires, and what it knew is lost. No effect when it is dead. */
  crash(): void;
  /** Starts it anew, with empty caches. No effect when it is alive. */
  restart(): void;
  /** Its requests fail and its watches are cut, until {@link TestProcess.connect}. */
  disconnect(): void;
  connect(): void;
  /** Its requests and events take so much longer, one way, from now on; 0 ends it. Watches that are open stay as they are. */
  slowDown(ms: number): void;
  /** Its wall clock is so many ms ahead (negative: behind) of the cluster's. */
  skewClock(ms: number): void;
}

/** What runs as a process, from its start to its end. */
export interface Incarnation {
  readonly client: Client;
  readonly clock: Clock;
  /** Aborts when the process ends. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly number: number;
  /** Whether it still runs: what is told of it afterwards does not count. */
  isAlive(): boolean;
}

/** What a {@link ManagedProcess} is made of. */
export interface ProcessParts {
  readonly name: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly trace: Trace;
  /** Chooses what goes wrong with a call. */
  fault(process: ManagedProcess, call: Call): Fault | undefined;
  run(incarnation: Incarnation): Promise<void>;
}

/** The process, with what its cluster needs of it besides. */
export interface ManagedProcess extends TestProcess {
  /** Milliseconds that each way takes. */
  readonly delayMs: number;
  /** Calls `fn` whenever it is connected again. */
  onConnect(fn: () => void): void;
  /** Ends its open watches. */
  cutWatches(error?: Error): void;
  /** Ends it for good: like a crash, but not one. */
  end(): void;
}

/** Why calls of a process that is gone fail. */
export class CrashedError extends Error {
  constructor(process: string) {
    super(`the process ${process} has crashed`);
    this.name = 'CrashedError';
  }
}

/** Makes a process and starts it. */
export function createProcess(parts: ProcessParts): ManagedProcess {
  const process = new RunningProcess(parts);
  process.restart();
  return process;
}

interface Current {
  readonly stop: AbortController;
  readonly faulty: FaultyClient;
  readonly clock: ProcessClock;
}

class RunningProcess implements ManagedProcess {
  readonly name: string;
  readonly #parts: ProcessParts;
  #current: Current | undefined;
  #count = 0;
  #skewMs = 0;
  #connected = true;
  readonly #onConnect: (() => void)[] = [];
  #delayMs = 0;

  constructor(parts: ProcessParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  get alive(): boolean {
    return this.#current !== undefined;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  crash(): void {
    this.#stop(new CrashedError(this.name));
  }

  restart(): void {
    if (this.#current !== undefined) return;
    const { client, trace, name, run } = this.#parts;
    const stop = new AbortController();
    const clock = createProcessClock(this.#parts.clock, this.#skewMs);
    const faulty = createFaultyClient({
      client,
      clock,
      observe: trace.observer(name),
      context: trace.current,
      fault: (call) => (stop.signal.aborted ? { type: 'fail', error: stop.signal.reason as Error } : this.#parts.fault(this, call)),
    });
    const number = ++this.#count;
    const current: Current = { stop, faulty, clock };
    this.#current = current;
    void run({ client: faulty.client, clock, signal: stop.signal, number, isAlive: () => this.#current === current });
  }

  disconnect(): void {
    this.#connected = false;
    this.cutWatches(unreachable());
  }

  connect(): void {
    if (this.#connected) return;
    this.#connected = true;
    for (const fn of this.#onConnect) fn();
  }

  onConnect(fn: () => void): void {
    this.#onConnect.push(fn);
  }

  slowDown(ms: number): void {
    this.#delayMs = ms;
  }

  skewClock(ms: number): void {
    this.#skewMs = ms;
    this.#current?.clock.skew(ms);
  }

  cutWatches(error?: Error): void {
    this.#current?.faulty.cutWatches(error);
  }

  end(): void {
    this.#stop(new Error('the test cluster was disposed'));
  }

  #stop(reason: Error): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    current.clock.stop();
    current.stop.abort(reason);
  }
}

/** What a client says when there is no way to the server. */
export function unreachable(): ApiError {
  return new ApiError('ServiceUnavailable', 'the API server cannot be reached');
}
