import type { LogOptions, PodStreams } from '@kybern/core';
import type { CliIo } from '../io.ts';
import { podKey } from '../pod-argument.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface LogsArgs extends ClusterArgs {
  readonly pod: string;
  readonly container: string | undefined;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tail: number | undefined;
  readonly since: number | undefined;
}

/** `kybern logs`: what a container has written. */
export const logsCommand: Command<LogsArgs> = {
  command: 'logs <pod>',
  describe: 'Print what a container of a Pod has written',
  examples: [['kybern logs web-0 -f --tail 20', 'the last lines, and then every new one']],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('pod', { type: 'string', demandOption: true, describe: 'the Pod: "web-0" or "pod/web-0"' })
      .option('container', { alias: 'c', type: 'string', describe: 'which container (default: the only one)' })
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'go on with what is written later' })
      .option('previous', { alias: 'p', type: 'boolean', default: false, describe: 'of the run before the present one' })
      .option('timestamps', { type: 'boolean', default: false, describe: 'put the time before each line' })
      .option('tail', { type: 'number', describe: 'only so many lines, the last ones' })
      .option('since', { type: 'number', describe: 'only lines of the last so many seconds' }),
  run: (args, io) => withClient(args, io, (client) => printLog(client.podStreams, args, io)),
};

async function printLog(streams: PodStreams, args: LogsArgs, io: CliIo): Promise<number> {
  const { container, follow, previous, timestamps, tail, since } = args;
  const options: LogOptions & { container?: string } = {
    follow,
    previous,
    timestamps,
    signal: io.interrupted,
    ...(container === undefined ? {} : { container }),
    ...(tail === undefined ? {} : { tailLines: tail }),
    ...(since === undefined ? {} : { sinceSeconds: since }),
  };
  const decoder = new TextDecoder();
  for await (const chunk of await streams.logs(podKey(args), options)) io.stdout.write(decoder.decode(chunk, { stream: true }));
  return 0;
}
