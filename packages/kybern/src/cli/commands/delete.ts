import { isNotFound, sleep, systemClock, type Client, type DeleteOptions, type Kind } from '@kybern/core';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { loadManifests } from '../manifests.ts';
import { cliKinds, parseResourceArguments } from '../resource-argument.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface DeleteArgs extends ClusterArgs {
  readonly resources: readonly string[];
  readonly filename: readonly string[];
  readonly selector: string | undefined;
  readonly all: boolean;
  readonly wait: boolean;
  readonly gracePeriod: number;
  readonly cascade: 'background' | 'foreground' | 'orphan';
  readonly ignoreNotFound: boolean;
}

interface Target {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

const POLL_MS = 100;

/** `kybern delete`: removes objects and waits until they are gone. */
export const deleteCommand: Command<DeleteArgs> = {
  command: 'delete [resources..]',
  describe: 'Delete objects, and wait until they are gone',
  examples: [
    ['kybern delete pod web-0', 'one Pod'],
    ['kybern delete -f examples/quickstart', 'what the manifests describe'],
    ['kybern delete pods -l app=nginx', 'all Pods with a label'],
  ],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('resources', { type: 'string', array: true, default: [], describe: 'a kind and names: "pod web-0", "deploy/nginx"' })
      .option('filename', { alias: 'f', type: 'string', array: true, default: [], describe: 'files or folders with manifests' })
      .option('selector', { alias: 'l', type: 'string', describe: 'all objects of the kind with these labels' })
      .option('all', { type: 'boolean', default: false, describe: 'all objects of the kind in the namespace' })
      .option('wait', { type: 'boolean', default: true, describe: 'wait until they are gone (--no-wait: do not)' })
      .option('grace-period', { type: 'number', default: -1, describe: 'seconds that a Pod gets to end; -1: its own' })
      .option('cascade', {
        choices: ['background', 'foreground', 'orphan'] as const,
        default: 'background' as const,
        describe: 'what happens to what they own',
      })
      .option('ignore-not-found', { type: 'boolean', default: false, describe: 'be content when there is no such object' }),
  run: (args, io) =>
    withClient(args, io, async (client) => {
      const targets = await targetsOf(client, args, io);
      for (const target of targets) await deleteOne(client, target, { args, io });
      if (args.wait) for (const target of targets) await untilGone(client, target, io.interrupted);
      return 0;
    }),
};

async function targetsOf(client: Client, args: DeleteArgs, io: CliIo): Promise<readonly Target[]> {
  if (args.filename.length > 0) {
    const manifests = await loadManifests(args.filename, { cwd: io.cwd, kinds: cliKinds() });
    return manifests.map(({ kind, object }) => ({ kind, namespace: object.metadata.namespace ?? args.namespace, name: object.metadata.name ?? '' })).reverse();
  }
  const named = parseResourceArguments(args.resources, cliKinds());
  const found: Target[] = [];
  for (const { kind, name } of named) {
    if (name !== undefined) found.push({ kind, namespace: args.namespace, name });
    else if (!args.all && args.selector === undefined) throw new CliError('say which: names, -l SELECTOR, or --all');
    else {
      const list = await client.list(kind, { namespace: args.namespace, ...(args.selector === undefined ? {} : { labelSelector: args.selector }) });
      for (const object of list) found.push({ kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name });
    }
  }
  return found;
}

async function deleteOne(client: Client, target: Target, { args, io }: { args: DeleteArgs; io: CliIo }): Promise<void> {
  const policy = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' } as const;
  const options: DeleteOptions = { propagationPolicy: policy[args.cascade], ...(args.gracePeriod < 0 ? {} : { gracePeriodSeconds: args.gracePeriod }) };
  try {
    await client.delete(target.kind, target, options);
  } catch (error) {
    if (args.ignoreNotFound && isNotFound(error)) return;
    throw error;
  }
  const group = target.kind.group === '' ? '' : `.${target.kind.group}`;
  const from = target.kind.scope === 'Namespaced' ? ` from ${target.namespace} namespace` : '';
  line(io.stdout, `${target.kind.singular}${group} "${target.name}" deleted${from}`);
}

async function untilGone(client: Client, target: Target, signal: AbortSignal): Promise<void> {
  const clock = systemClock();
  for (;;) {
    try {
      await client.get(target.kind, target, { signal });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    await sleep(clock, POLL_MS, { signal });
  }
}
