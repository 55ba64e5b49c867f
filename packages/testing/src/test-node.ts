import type { SimulatedRuntime } from '@kybern/runtime-cri';
import type { ManagedProcess, TestProcess } from './processes/process.ts';

/** A node of a test cluster, and what can happen to it. */
export interface TestNode {
  readonly name: string;
  /** Its containers: crash them, fail their image pulls, change how they behave. */
  readonly runtime: SimulatedRuntime;
  /** Its agent: crash it while the containers go on, cut it off, make it slow. */
  readonly process: TestProcess;
  /** Whether the machine runs. */
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
  /** Starts the node's agent as a process, on the runtime that the node has then. */
  startAgent(runtime: () => SimulatedRuntime): ManagedProcess;
}

/** The node, with its process as the cluster needs it. */
export interface ManagedTestNode extends TestNode {
  readonly process: ManagedProcess;
}

/** Makes a node and starts its agent. */
export function createTestNode({ name, makeRuntime, startAgent }: TestNodeParts): ManagedTestNode {
  let runtime = makeRuntime();
  let alive = true;
  const process = startAgent(() => runtime);
  return {
    name,
    process,
    get runtime() {
      return runtime;
    },
    get alive() {
      return alive;
    },
    kill() {
      if (!alive) return;
      alive = false;
      process.crash();
      runtime.powerOff();
    },
    restart() {
      if (alive) return;
      alive = true;
      runtime = makeRuntime();
      process.restart();
    },
  };
}
