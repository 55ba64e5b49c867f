import type { PodStreams } from '@kybern/core';
import { CliError } from '../errors.ts';
import type { CliIo, CliOutput } from '../io.ts';
import { podKey } from '../pod-argument.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface ExecArgs extends ClusterArgs {
  readonly pod: string;
  readonly container: string | undefined;
  readonly stdin: boolean;
  /** What follows `--`. */
  readonly '--'?: readonly string[];
}

/** `kybern exec`: runs a command in a container, and ends with its exit code. */
export const execCommand: Command<ExecArgs> = {
  command: 'exec <pod>',
  describe: 'Run a command in a container of a Pod',
  examples: [['kybern exec web-0 -- ls /', 'what comes after -- is the command']],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('pod', { type: 'string', demandOption: true, describe: 'the Pod: "web-0" or "pod/web-0"' })
      .option('container', { alias: 'c', type: 'string', describe: 'which container (default: the only one)' })
      .option('stdin', { alias: 'i', type: 'boolean', default: false, describe: 'pass standard input on' }),
  run: (args, io) => withClient(args, io, (client) => run(client.podStreams, args, io)),
};

async function run(streams: PodStreams, args: ExecArgs, io: CliIo): Promise<number> {
  const command = args['--'] ?? [];
  if (command.length === 0) throw new CliError('say what to run after --');
  const { container } = args;
  const process = await streams.exec(podKey(args), {
    command,
    stdin: args.stdin,
    stdout: true,
    stderr: true,
    signal: io.interrupted,
    ...(container === undefined ? {} : { container }),
  });
  const input = process.stdin === undefined ? undefined : io.stdin?.().pipeTo(process.stdin);
  input?.catch(() => undefined); // it may end without having read everything
  await Promise.all([copy(process.stdout, io.stdout), copy(process.stderr, io.stderr)]);
  return process.exitCode;
}

async function copy(from: ReadableStream<Uint8Array> | undefined, to: CliOutput): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of from ?? []) to.write(decoder.decode(chunk, { stream: true }));
}
