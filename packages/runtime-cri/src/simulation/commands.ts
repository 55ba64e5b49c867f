import { matchesPattern, type Behavior, type ExecBehavior } from './behaviors.ts';
import { foreseeScript, type ScriptContext } from './script.ts';

/** What a command gave. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** How long it ran. Infinity: it never ends by itself. */
  readonly durationMs: number;
}

/** What running `cmd` gives: the first scripted result that matches, else the built-in command. */
export function runCommand(cmd: readonly string[], behavior: Behavior, context: CommandContext): CommandResult {
  const words = cmd.join(' ');
  const scripted = behavior.exec?.find((exec) => holdsNow(exec, context.runningMs) && (exec.command === undefined || matchesPattern(exec.command, words)));
  if (scripted === undefined) return runBuiltinCommand(cmd, context);
  return {
    stdout: scripted.stdout ?? '',
    stderr: scripted.stderr ?? '',
    exitCode: scripted.exitCode ?? 0,
    durationMs: scripted.latencyMs === undefined ? 0 : context.draw(scripted.latencyMs),
  };
}

/** When the command runs, and how a duration with bounds is drawn. */
export interface CommandContext extends ScriptContext {
  /** How long the container has been running. */
  readonly runningMs: number;
  readonly draw: (duration: NonNullable<ExecBehavior['latencyMs']>) => number;
}

/** Whether a scripted answer holds so long after the container's start. */
export function holdsNow(script: { readonly fromMs?: number; readonly untilMs?: number }, runningMs: number): boolean {
  return runningMs >= (script.fromMs ?? 0) && runningMs < (script.untilMs ?? Infinity);
}

/**
 * What every simulated container can run: all that {@link foreseeScript} foresees. Any other command succeeds without output, so that exec probes and hooks pass unless
 * they are scripted.
 */
export function runBuiltinCommand(cmd: readonly string[], context: ScriptContext): CommandResult {
  const foreseen = foreseeScript(cmd, context);
  if (foreseen === undefined) return { stdout: '', stderr: '', exitCode: 0, durationMs: 0 };
  const textOf = (stream: 'stdout' | 'stderr'): string => foreseen.writes.flatMap((write) => (write.stream === stream ? [write.text] : [])).join('');
  return { stdout: textOf('stdout'), stderr: textOf('stderr'), exitCode: foreseen.exitCode, durationMs: foreseen.durationMs };
}
