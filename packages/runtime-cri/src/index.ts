// The port
import type * as cri from './generated/cri.ts';
export type { cri };
export type { ContainerRuntime, ExecStreams, LogEntry, PortForwardStreams, ReadLogsRequest } from './runtime.ts';
export type { ProbeAnswer, Prober, ProbeRequest, ProbeTarget } from './prober.ts';
export { createScopedRuntime } from './scoped-runtime.ts';
export { parseImageReference } from './image-reference.ts';
export type { ImageReference } from './image-reference.ts';
export { GRPC_CODES, RuntimeError, isRuntimeError } from './errors.ts';
export type { RuntimeErrorCode } from './errors.ts';
// The simulation
export { createSimulatedRuntime } from './simulation/simulated-runtime.ts';
export type { ContainerSelector, CrashOptions, SimulatedContainer, SimulatedRuntime, SimulatedRuntimeOptions } from './simulation/simulated-runtime.ts';
export { createContainerScripts } from './simulation/stages/container-script.ts';
export type { ContainerScripts } from './simulation/stages/container-script.ts';
export { readSimulationScript } from './simulation/stages/read-script.ts';
export type { NodeChange, NodeStage, SimulationScript } from './simulation/stages/read-script.ts';
export { playStages } from './simulation/stages/play-stages.ts';
export type { Stage, StagePlay } from './simulation/stages/play-stages.ts';
export { ScriptError } from './simulation/stages/place.ts';
export { createSimulatedBehaviors } from './simulation/behaviors.ts';
export type {
  Behavior,
  BehaviorSubject,
  DurationMs,
  ExecBehavior,
  ExitBehavior,
  LogBehavior,
  Pattern,
  PortBehavior,
  ProbeBehavior,
  PullBehavior,
  SandboxBehavior,
  SimulatedBehavior,
  SimulatedBehaviors,
  SimulatedTarget,
  StartBehavior,
  StopBehavior,
} from './simulation/behaviors.ts';
export type { SimulatedProcess, SimulatedProgram } from './simulation/processes.ts';
export type { SimulatedFiles } from './simulation/files.ts';
export type { SimulatedLogLine } from './simulation/records.ts';
