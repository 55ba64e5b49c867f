import type { Client } from '@kybern/core';
import { CliError } from '../errors.ts';
import { line } from '../io.ts';
import { cliKinds, displayName, parseResourceArguments } from '../resource-argument.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface ScaleArgs extends ClusterArgs {
  readonly resources: readonly string[];
  readonly replicas: number;
}

/** `kybern scale`: sets how many replicas there should be. */
export const scaleCommand: Command<ScaleArgs> = {
  command: 'scale <resources..>',
  describe: 'Set the number of replicas of a Deployment or ReplicaSet',
  examples: [['kybern scale deployment/nginx-deployment --replicas=5', 'five Pods']],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('resources', { type: 'string', array: true, describe: 'what to scale: "deployment/nginx" or "deployment nginx"' })
      .option('replicas', { type: 'number', demandOption: true, describe: 'how many' }),
  run: (args, io) =>
    withClient(args, io, async (client: Client) => {
      if (!Number.isInteger(args.replicas) || args.replicas < 0)
        throw new CliError(`--replicas must be a whole number of at least 0, not ${String(args.replicas)}`);
      for (const { kind, name } of parseResourceArguments(args.resources, cliKinds())) {
        if (name === undefined) throw new CliError('say which one: KIND/NAME');
        if (!kind.subresources.some((sub) => sub.name === 'scale')) throw new CliError(`${kind.plural} cannot be scaled`);
        const patch = { spec: { replicas: args.replicas } };
        await client.patch(kind, { namespace: args.namespace, name }, { type: 'merge', patch }, { subresource: 'scale', fieldManager: 'kybern' });
        line(io.stdout, `${displayName(kind, name)} scaled`);
      }
      return 0;
    }),
};
