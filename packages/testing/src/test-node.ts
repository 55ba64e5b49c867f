import type { SimulatedRuntime } from '@kybern/runtime-cri';

/** A node of a test cluster, and what can happen to it. */
export interface TestNode {
  readonly name: string;
  /** Its containers: crash them, fail their image pulls, change how they behave. */
  readonly runtime: SimulatedRuntime;
  /** Whether its agent runs. */
  readonly alive: boolean;
  /** The machine dies: its agent and its containers stop at once, without a word to the API server. No effect when it is dead. */
  kill(): void;
  /** The machine comes back, empty. No effect when it is alive. */
  restart(): void;
}

/** What a {@link createTestNode} is made of. */
export interface TestNodeParts {
  readonly name: string;
  makeRuntime(): SimulatedRuntime;
  /** Runs the node's agent until the signal aborts. */
  runAgent(runtime: SimulatedRuntime, signal: AbortSignal): Promise<void>;
}

/** A node that is alive, and a promise-keeper for its agent's end. */
export interface ManagedTestNode extends TestNode {
  /** Kills the node and resolves when its agent has ended. */
  end(): Promise<void>;
}

/** Makes a node and starts its agent. */
export function createTestNode({ name, makeRuntime, runAgent }: TestNodeParts): ManagedTestNode {
  let runtime = makeRuntime();
  let stop = new AbortController();
  let ended = runAgent(runtime, stop.signal);
  return {
    name,
    get runtime() {
      return runtime;
    },
    get alive() {
      return !stop.signal.aborted;
    },
    kill() {
      stop.abort(new Error(`node ${name} was killed`));
      runtime.powerOff();
    },
    restart() {
      if (!stop.signal.aborted) return;
      const before = ended;
      runtime = makeRuntime();
      stop = new AbortController();
      const { signal } = stop;
      ended = before.then(() => runAgent(runtime, signal));
    },
    async end() {
      stop.abort(new Error('the test cluster was disposed'));
      await ended;
    },
  };
}
