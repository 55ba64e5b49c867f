import yargs, { type Argv } from 'yargs';
import type { Command } from './commands/command.ts';
import { applyCommand } from './commands/apply.ts';
import { deleteCommand } from './commands/delete.ts';
import { execCommand } from './commands/exec.ts';
import { explainCommand } from './commands/explain.ts';
import { getCommand } from './commands/get.ts';
import { logsCommand } from './commands/logs.ts';
import { nodeCommand } from './commands/node.ts';
import { portForwardCommand } from './commands/port-forward.ts';
import { rolloutCommand } from './commands/rollout.ts';
import { scaleCommand } from './commands/scale.ts';
import { setImageCommand } from './commands/set.ts';
import { snapshotCommand } from './commands/snapshot.ts';
import { stateCommand } from './commands/state.ts';
import { timelineCommand } from './commands/timeline.ts';
import { tokenCommand } from './commands/token.ts';
import { upCommand } from './commands/up.ts';
import { messageFor } from './errors.ts';
import { line, type CliIo } from './io.ts';

/** A mistake in the command line itself. */
const USAGE_ERROR = 2;
/** The person ended the command, as shells number it. */
const INTERRUPTED = 130;

// Each command's arguments are typed where it is defined and checked by the parser; here they only pass through.
type AnyCommand = Command<never>;
const commands: readonly AnyCommand[] = [
  upCommand,
  getCommand,
  applyCommand,
  deleteCommand,
  scaleCommand,
  setImageCommand,
  rolloutCommand,
  explainCommand,
  logsCommand,
  execCommand,
  portForwardCommand,
  snapshotCommand,
  stateCommand,
  timelineCommand,
  tokenCommand,
  nodeCommand,
];

/**
 * Runs one command line.
 *
 * @param args without the names of node and the program
 * @returns the exit code; what went wrong was said on `io.stderr`
 */
export async function main(args: readonly string[], io: CliIo): Promise<number> {
  let code = 0;
  const parser = build(io, (result) => {
    code = result;
  });
  try {
    let output = '';
    await parser.parseAsync([...args], {}, (_error: unknown, _argv: unknown, text: string) => {
      output = text;
    });
    if (output !== '') line(io.stdout, output);
    return code;
  } catch (error) {
    return fail(error, io);
  }
}

/** The command line itself is wrong. */
class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

function build(io: CliIo, finish: (code: number) => void): Argv {
  let parser = yargs()
    .scriptName('kybern')
    .usage('$0 COMMAND\n\nKubernetes in one command: a cluster on this machine, and the commands to work with it.')
    .locale('en')
    .parserConfiguration({ 'populate--': true, 'greedy-arrays': false })
    .wrap(Math.min(120, io.stdout.columns ?? 100))
    .strict()
    .demandCommand(1, 'say what to do')
    .recommendCommands()
    .help()
    .alias('help', 'h')
    .version()
    .completion('completion', 'Print a script that completes kybern command lines (bash, zsh)')
    .exitProcess(false)
    .fail((message: string | undefined, error: Error | undefined) => {
      throw error ?? new UsageError(message ?? 'the command line is not understood');
    });
  for (const command of commands) parser = register(parser, command, { io, finish });
  return parser;
}

function register(parser: Argv, command: AnyCommand, { io, finish }: { io: CliIo; finish: (code: number) => void }): Argv {
  return parser.command(
    command.command,
    command.describe,
    (own) => {
      command.options(own);
      for (const [example, description] of command.examples) own.example(example, description);
      return own;
    },
    async (args) => finish(await command.run(args as never, io)),
  );
}

function fail(error: unknown, io: CliIo): number {
  if (io.interrupted.aborted) return INTERRUPTED;
  if (error instanceof UsageError) {
    line(io.stderr, `kybern: ${error.message} (see kybern --help)`);
    return USAGE_ERROR;
  }
  line(io.stderr, `kybern: ${messageFor(error)}`);
  if (io.env.KYBERN_DEBUG === '1' && error instanceof Error) line(io.stderr, error.stack ?? '');
  return 1;
}
