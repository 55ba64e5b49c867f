// The port
import type * as cri from './generated/cri.ts';
export type { cri };
export type { ContainerRuntime, ExecStreams, PortForwardStreams } from './runtime.ts';
export type { ProbeAnswer, Prober, ProbeRequest, ProbeTarget } from './prober.ts';
export { parseImageReference } from './image-reference.ts';
export type { ImageReference } from './image-reference.ts';
export { GRPC_CODES, RuntimeError, isRuntimeError } from './errors.ts';
export type { RuntimeErrorCode } from './errors.ts';
// The simulation
export { createSimulatedRuntime } from './simulation/simulated-runtime.ts';
export type { ContainerSelector, CrashOptions, SimulatedContainer, SimulatedRuntime, SimulatedRuntimeOptions } from './simulation/simulated-runtime.ts';
export { createSimulatedBehaviors } from './simulation/behaviors.ts';
export type {
  Behavior,
  BehaviorSubject,
  DurationMs,
  ExecBehavior,
  ExitBehavior,
  LogBehavior,
  Pattern,
  ProbeBehavior,
  PullBehavior,
  SandboxBehavior,
  SimulatedBehavior,
  SimulatedBehaviors,
  SimulatedTarget,
  StartBehavior,
  StopBehavior,
} from './simulation/behaviors.ts';
export type { SimulatedLogLine } from './simulation/records.ts';
