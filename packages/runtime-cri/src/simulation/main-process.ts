import type { ExitBehavior, LogBehavior } from './behaviors.ts';
import { foreseeScript, type ScriptContext } from './script.ts';

/** How a container's own process goes, when no behaviour says it. */
export interface ForeseenMain {
  readonly logs: readonly LogBehavior[];
  /** Unset: it runs for ever. */
  readonly exit?: ExitBehavior;
}

/**
 * A container whose command is a simple script (`echo`, `sleep`, `exit` …: {@link foreseeScript}) writes its lines and ends as the script would. Undefined: the
 * command is something else, or the image's own, and the container runs until something ends it.
 */
export function foreseeMain(command: readonly string[], context: ScriptContext): ForeseenMain | undefined {
  if (command.length === 0) return undefined;
  const script = foreseeScript(command, context);
  if (script === undefined) return undefined;
  const logs = linesOf(script.writes);
  return script.durationMs === Infinity ? { logs } : { logs, exit: { code: script.exitCode, afterMs: script.durationMs } };
}

/** The log has lines: what has no line end yet goes out with what follows it, or with the end. */
function linesOf(writes: readonly { readonly text: string; readonly stream: 'stdout' | 'stderr'; readonly afterMs: number }[]): readonly LogBehavior[] {
  const logs: LogBehavior[] = [];
  let rest = '';
  for (const { text, stream, afterMs } of writes) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) logs.push({ line, stream, afterMs });
  }
  if (rest !== '') logs.push({ line: rest, afterMs: writes.at(-1)?.afterMs ?? 0 });
  return logs;
}
