import type { KubernetesObject } from '@kybern/core';
import { CliError } from '../errors.ts';
import { line } from '../io.ts';
import { cliKinds, displayName, parseResourceArguments } from '../resource-argument.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface SetImageArgs extends ClusterArgs {
  readonly targets: readonly string[];
}

/** `kybern set image`: changes the images of a workload's containers. */
export const setImageCommand: Command<SetImageArgs> = {
  command: 'set image <targets..>',
  describe: "Change container images of a workload's Pod template",
  examples: [
    ['kybern set image deployment/nginx-deployment nginx=nginx:1.27', 'a rolling update of container nginx'],
    ['kybern set image deploy/web "*=web:2"', 'all containers'],
  ],
  options: (yargs) =>
    clusterOptions(yargs).positional('targets', {
      type: 'string',
      array: true,
      describe: 'KIND/NAME (or KIND NAME), then CONTAINER=IMAGE for each container to change; * is every container',
    }),
  run: (args, io) =>
    withClient(args, io, async (client) => {
      const images = args.targets.filter((target) => target.includes('='));
      const [target, ...more] = parseResourceArguments(
        args.targets.filter((text) => !images.includes(text)),
        cliKinds(),
      );
      if (target?.name === undefined || more.length > 0) throw new CliError('say which one: KIND/NAME');
      if (images.length === 0) throw new CliError('say which image: CONTAINER=IMAGE');
      const { kind, name } = target;
      const wanted = images.map(parseImage);
      const before = await client.get(kind, { namespace: args.namespace, name });
      const updates = containersOf(before, `${kind.singular}/${name}`).flatMap((container) => {
        const image = wanted.find((entry) => entry.container === '*' || entry.container === container.name)?.image;
        return image === undefined ? [] : [{ name: container.name, image }];
      });
      const missing = wanted.filter((entry) => entry.container !== '*' && !updates.some((update) => update.name === entry.container));
      if (missing.length > 0) throw new CliError(`unable to find container named "${missing[0]?.container ?? ''}" in ${displayName(kind, name)}`);
      const patch = { spec: kind.kind === 'Pod' ? { containers: updates } : { template: { spec: { containers: updates } } } };
      const after = await client.patch(kind, { namespace: args.namespace, name }, { type: 'strategic', patch }, { fieldManager: 'kybern' });
      if (after.metadata.resourceVersion !== before.metadata.resourceVersion) line(io.stdout, `${displayName(kind, name)} image updated`);
      return 0;
    }),
};

function parseImage(text: string): { readonly container: string; readonly image: string } {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) throw new CliError(`"${text}" is not CONTAINER=IMAGE`);
  return { container: text.slice(0, at), image: text.slice(at + 1) };
}

interface PodSpecOwner extends KubernetesObject {
  readonly spec?: {
    readonly containers?: readonly { readonly name: string }[];
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly name: string }[] } };
  };
}

function containersOf(object: PodSpecOwner, name: string): readonly { readonly name: string }[] {
  const containers = object.spec?.template?.spec?.containers ?? object.spec?.containers;
  if (containers === undefined) throw new CliError(`${name} has no containers`);
  return containers;
}
