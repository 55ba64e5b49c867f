import { printTable } from '@kybern/apiserver';
import { systemClock, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import { stringify } from 'yaml';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { cliKinds, displayName, parseResourceArguments, type ResourceArgument } from '../resource-argument.ts';
import { formatTable } from '../table-text.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface GetArgs extends ClusterArgs {
  readonly resources: readonly string[];
  readonly allNamespaces: boolean;
  readonly output: string | undefined;
  readonly selector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly watch: boolean;
  readonly headers: boolean;
}

const OUTPUTS = ['wide', 'yaml', 'json', 'name'] as const;

/** `kybern get`: what is in the cluster, as kubectl shows it. */
export const getCommand: Command<GetArgs> = {
  command: 'get <resources..>',
  describe: 'Show objects of the cluster',
  examples: [
    ['kybern get pods -o wide', 'all Pods of the namespace with their nodes and addresses'],
    ['kybern get deployment/nginx-deployment -o yaml', 'one object, whole'],
    ['kybern get pods -A -w', 'all Pods, and then every change'],
  ],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('resources', { type: 'string', array: true, describe: 'a kind and maybe names: "pods", "deploy nginx", "deploy/nginx svc/web"' })
      .option('all-namespaces', { alias: 'A', type: 'boolean', default: false, describe: 'look in every namespace' })
      .option('output', { alias: 'o', choices: OUTPUTS, describe: 'how to print' })
      .option('selector', { alias: 'l', type: 'string', describe: 'only objects with these labels, such as app=nginx' })
      .option('field-selector', { type: 'string', describe: 'only objects with these fields, such as status.phase=Running' })
      .option('watch', { alias: 'w', type: 'boolean', default: false, describe: 'go on and print every change' })
      .option('headers', { type: 'boolean', default: true, describe: 'print the column names (--no-headers: do not)' }),
  run: (args, io) => withClient(args, io, (client) => get(client, args, io)),
};

async function get(client: Client, args: GetArgs, io: CliIo): Promise<number> {
  const wanted = parseResourceArguments(args.resources, cliKinds());
  const kinds = [...new Set(wanted.map((resource) => resource.kind))];
  if (args.watch && (kinds.length > 1 || wanted.length > 1)) throw new CliError('--watch follows one kind or one object');
  const found: { kind: Kind; objects: readonly KubernetesObject[]; resourceVersion: string | undefined }[] = [];
  for (const kind of kinds) {
    const { objects, resourceVersion } = await read(client, { kind, args, names: wanted.filter((resource) => resource.kind === kind) });
    found.push({ kind, objects, resourceVersion });
  }
  const all = found.flatMap(({ objects }) => objects);
  if (args.output === 'json' || args.output === 'yaml') printDocuments(all, { args, io, single: wanted.length === 1 && wanted[0]?.name !== undefined });
  else printTables(found, args, io);
  const [only] = found;
  if (args.watch && only !== undefined) await follow(client, { args, io, kind: only.kind, name: wanted[0]?.name, resourceVersion: only.resourceVersion });
  return 0;
}

async function read(
  client: Client,
  { kind, args, names }: { kind: Kind; args: GetArgs; names: readonly ResourceArgument[] },
): Promise<{ objects: readonly KubernetesObject[]; resourceVersion: string | undefined }> {
  if (names.some((resource) => resource.name === undefined)) {
    const list = await client.list(kind, selectionOf(kind, args));
    return { objects: list.items, resourceVersion: list.metadata.resourceVersion };
  }
  if (args.allNamespaces && kind.scope === 'Namespaced') throw new CliError('a resource cannot be retrieved by name across all namespaces');
  const objects = await Promise.all(names.map(({ name = '' }) => client.get(kind, { name, namespace: args.namespace })));
  return { objects, resourceVersion: objects[0]?.metadata.resourceVersion };
}

function selectionOf(kind: Kind, args: GetArgs): { namespace?: string; labelSelector?: string; fieldSelector?: string } {
  return {
    ...(args.allNamespaces || kind.scope === 'Cluster' ? {} : { namespace: args.namespace }),
    ...(args.selector === undefined ? {} : { labelSelector: args.selector }),
    ...(args.fieldSelector === undefined ? {} : { fieldSelector: args.fieldSelector }),
  };
}

function printDocuments(objects: readonly KubernetesObject[], { args, io, single }: { args: GetArgs; io: CliIo; single: boolean }): void {
  const document = single ? objects[0] : { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects };
  io.stdout.write(args.output === 'json' ? `${JSON.stringify(document, null, 4)}\n` : stringify(document, { aliasDuplicateObjects: false }));
}

function printTables(found: readonly { readonly kind: Kind; readonly objects: readonly KubernetesObject[] }[], args: GetArgs, io: CliIo): void {
  const filled = found.filter(({ objects }) => objects.length > 0);
  if (filled.length === 0 && !args.watch) {
    const clusterWide = args.allNamespaces || found.every(({ kind }) => kind.scope === 'Cluster');
    line(io.stderr, clusterWide ? 'No resources found' : `No resources found in ${args.namespace} namespace.`);
    return;
  }
  const tables = filled.map(({ kind, objects }) => rowsText({ kind, objects, args, headers: args.headers, prefix: found.length > 1 }));
  if (tables.length > 0) line(io.stdout, tables.join('\n\n'));
}

function rowsText(input: { kind: Kind; objects: readonly KubernetesObject[]; args: GetArgs; headers: boolean; prefix: boolean }): string {
  const { kind, objects, args } = input;
  if (args.output === 'name') return objects.map((object) => displayName(kind, object.metadata.name)).join('\n');
  const table = printTable({ kind, objects, nowMs: systemClock().now() });
  const named = input.prefix
    ? { ...table, rows: table.rows.map((row) => ({ ...row, cells: row.cells.map((cell, at) => (at === 0 ? displayName(kind, String(cell)) : cell)) })) }
    : table;
  return formatTable(named, { wide: args.output === 'wide', noHeaders: !input.headers, withNamespace: args.allNamespaces && kind.scope === 'Namespaced' });
}

/** Prints a row for every change until the person ends it, the object of that name only if one is given. */
function follow(client: Client, input: { args: GetArgs; io: CliIo; kind: Kind; name: string | undefined; resourceVersion: string | undefined }): Promise<void> {
  const { args, io, kind, name } = input;
  const selection = selectionOf(kind, { ...args, ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }) });
  return new Promise((resolve, reject) => {
    const subscription = client
      .watch(kind, { ...selection, ...(input.resourceVersion === undefined ? {} : { resourceVersion: input.resourceVersion }) })
      .subscribe({
        next: (event) => {
          if (event.type === 'BOOKMARK') return;
          if (args.output === 'json') line(io.stdout, JSON.stringify(event.object, null, 4));
          else if (args.output === 'yaml') io.stdout.write(`---\n${stringify(event.object, { aliasDuplicateObjects: false })}`);
          else line(io.stdout, rowsText({ kind, objects: [event.object], args, headers: false, prefix: false }));
        },
        error: reject,
        complete: resolve,
      });
    io.interrupted.addEventListener('abort', () => {
      subscription.unsubscribe();
      resolve();
    });
  });
}
