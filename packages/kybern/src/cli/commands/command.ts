import type { HttpClient } from '@kybern/client';
import type { Argv } from 'yargs';
import { connect } from '../kubeconfig-file.ts';
import type { CliIo } from '../io.ts';

/** One command of the CLI: what it is called, what it takes, what it does. */
export interface Command<A> {
  /** yargs' form, such as `get <resources..>`. */
  readonly command: string;
  readonly describe: string;
  /** Shown under the help; each is a command line and what it does. */
  readonly examples: readonly (readonly [command: string, description: string])[];
  /** Declares arguments and options on the parser: as `run` expects them. */
  options(yargs: Argv): unknown;
  /** Rejects with an error whose message is for the person; resolves with the exit code. */
  run(args: A, io: CliIo): Promise<number>;
}

/** Options of every command that talks to a cluster. */
export interface ClusterArgs {
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
}

/** Adds `--kubeconfig` and `--namespace`. */
export function clusterOptions(yargs: Argv): Argv {
  return yargs
    .option('kubeconfig', { type: 'string', describe: 'the cluster to talk to (default: $KUBECONFIG, else the one that "kybern up" wrote)' })
    .option('namespace', { alias: 'n', type: 'string', default: 'default', describe: 'the namespace' });
}

/** Runs `use` with a client of the cluster and closes its connections afterwards. */
export async function withClient<R>(args: Pick<ClusterArgs, 'kubeconfig'>, io: CliIo, use: (client: HttpClient) => Promise<R>): Promise<R> {
  await using client = await connect(io, args.kubeconfig);
  return await use(client);
}
