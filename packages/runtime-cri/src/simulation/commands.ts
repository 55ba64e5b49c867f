import { matchesPattern, type Behavior, type ExecBehavior } from './behaviors.ts';

/** What a command gave. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** How long it ran. Infinity: it never ends by itself. */
  readonly durationMs: number;
}

const done = (stdout = '', exitCode = 0, durationMs = 0): CommandResult => ({ stdout, stderr: '', exitCode, durationMs });

/** What running `cmd` gives: the first scripted result that matches, else the built-in command. */
export function runCommand(cmd: readonly string[], behavior: Behavior, context: CommandContext): CommandResult {
  const words = cmd.join(' ');
  const scripted = behavior.exec?.find((exec) => holdsNow(exec, context.runningMs) && (exec.command === undefined || matchesPattern(exec.command, words)));
  if (scripted === undefined) return runBuiltinCommand(cmd);
  return {
    stdout: scripted.stdout ?? '',
    stderr: scripted.stderr ?? '',
    exitCode: scripted.exitCode ?? 0,
    durationMs: scripted.latencyMs === undefined ? 0 : context.draw(scripted.latencyMs),
  };
}

/** When the command runs, and how a duration with bounds is drawn. */
export interface CommandContext {
  /** How long the container has been running. */
  readonly runningMs: number;
  readonly draw: (duration: NonNullable<ExecBehavior['latencyMs']>) => number;
}

/** Whether a scripted answer holds so long after the container's start. */
export function holdsNow(script: { readonly fromMs?: number; readonly untilMs?: number }, runningMs: number): boolean {
  return runningMs >= (script.fromMs ?? 0) && runningMs < (script.untilMs ?? Infinity);
}

/**
 * The commands that every simulated container knows: `echo`, `true`, `false`, `sleep`, `exit`, and `sh -c` of one of them. Any other command succeeds
 * without output, so that exec probes and hooks pass unless they are scripted.
 */
export function runBuiltinCommand(cmd: readonly string[]): CommandResult {
  const [program = '', ...args] = cmd;
  switch (program.slice(program.lastIndexOf('/') + 1)) {
    case 'echo':
      return args[0] === '-n' ? done(args.slice(1).join(' ')) : done(`${args.join(' ')}\n`);
    case 'false':
      return done('', 1);
    case 'exit':
      return done('', Number(args[0] ?? 0));
    case 'sleep':
      return done('', 0, Number(args[0] ?? 0) * 1000);
    case 'sh':
    case 'bash':
      return args[0] === '-c' ? runBuiltinCommand((args[1] ?? '').trim().split(/\s+/)) : done();
    default:
      return done();
  }
}
