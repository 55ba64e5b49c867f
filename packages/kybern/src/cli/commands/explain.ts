import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isApiError, keyOf, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import * as kinds from '@kybern/core/kinds';
import { explain, SchedulerConfigError, type ExplainInput, type KubeSchedulerProfile } from '@kybern/scheduler';
import { readKubeSchedulerProfiles } from '@kybern/scheduler/config';
import { CliError } from '../errors.ts';
import { explanationText } from '../explanation-text.ts';
import { line, type CliIo } from '../io.ts';
import { cliKinds, parseResourceArguments } from '../resource-argument.ts';
import { explainClaims } from './explain-claim.ts';
import { explainConnection } from './explain-connection.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface ExplainArgs extends ClusterArgs {
  readonly resources: readonly string[];
  readonly output: string | undefined;
  readonly schedulerConfig: string | undefined;
  readonly all: boolean;
  readonly filename: readonly string[] | undefined;
}

/** `kybern explain pod`: why a Pod is Pending or where it is, node by node. `kybern explain pvc`: the same of a claim, volume by volume. `kybern explain connection`: what becomes of a connection. */
export const explainCommand: Command<ExplainArgs> = {
  command: 'explain <resources..>',
  describe: 'Say why a Pod is Pending or where it is, node by node, or what becomes of a connection, step by step',
  examples: [
    ['kybern explain pod web-0', "each node's verdict, and the smallest change that would help"],
    ['kybern explain pod/web-0 -o json', 'the same as data: every filter and every score'],
    ['kybern explain pod web-0 --scheduler-config scheduler.yaml', "by the profile of the Pod's scheduler"],
    ['kybern explain pvc data', 'why a claim is Pending, volume by volume'],
    ['kybern explain connection web/front-1 postgres.db 5432', 'name, Service, endpoints, NetworkPolicies: where it ends'],
    ['kybern explain connection web/front-1 postgres.db 5432 -f manifests/', 'the same of manifests, before anything runs'],
  ],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('resources', {
        type: 'string',
        array: true,
        describe: 'the Pod: "pod web-0" or "pod/web-0"; the claim: "pvc data"; or "connection FROM TO PORT"',
      })
      .option('output', { alias: 'o', choices: ['json'] as const, describe: 'how to print; default: text' })
      .option('scheduler-config', { type: 'string', describe: 'a KubeSchedulerConfiguration; default: the profile of kube-scheduler' })
      .option('all', { type: 'boolean', default: false, describe: 'print every node, also when many say the same' })
      .option('filename', {
        alias: 'f',
        type: 'string',
        array: true,
        describe: 'for connections: files or folders with manifests to ask instead of a cluster',
      }),
  run: async (args, io) => {
    const [what, ...words] = args.resources;
    if (what === 'connection') return await explainConnection({ ...args, words }, io);
    if (args.filename !== undefined) throw new CliError('manifests are asked about connections only: kybern explain connection FROM TO PORT -f FILE');
    return await withClient(args, io, (client) => run(client, args, io));
  },
};

async function run(client: Client, args: ExplainArgs, io: CliIo): Promise<number> {
  const wanted = parseResourceArguments(args.resources, cliKinds());
  if (wanted.length > 0 && wanted.every(({ kind }) => kind === kinds.PersistentVolumeClaim))
    return await explainClaims(client, { ...args, names: wanted.map(({ name }) => name ?? '') }, io);
  const other = wanted.find(({ kind }) => kind !== kinds.Pod);
  if (other !== undefined) throw new CliError(`only Pods, claims and connections can be explained, not ${other.kind.plural}`);
  const profiles = args.schedulerConfig === undefined ? undefined : await readProfiles(args.schedulerConfig, io);
  const names = wanted.map(({ name }) => name ?? '');
  if (names.includes('')) throw new CliError('say which Pod: kybern explain pod NAME');
  const pods = await Promise.all(names.map((name) => client.get(kinds.Pod, { name, namespace: args.namespace })));
  const cluster = await readCluster(client, io);
  const explained = pods.map((pod) => explainOne(pod, cluster, { profiles, io }));
  if (args.output === 'json') io.stdout.write(`${JSON.stringify(explained.length === 1 ? explained[0] : explained, null, 4)}\n`);
  else line(io.stdout, explained.map((each, index) => explanationText(pods[index] as kinds.Pod, each, { all: args.all })).join('\n\n'));
  return 0;
}

async function readProfiles(file: string, { cwd }: CliIo): Promise<readonly KubeSchedulerProfile[]> {
  const text = await readFile(isAbsolute(file) ? file : join(cwd, file), 'utf8').catch((cause: unknown) => {
    throw new CliError(`${file}: cannot be read`, { cause });
  });
  try {
    return readKubeSchedulerProfiles(text, { file });
  } catch (cause) {
    throw new CliError(cause instanceof SchedulerConfigError ? `${file}: ${cause.message}` : cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

type Cluster = Omit<ExplainInput, 'pod' | 'profile'>;

const SOURCES: readonly (readonly [keyof Cluster, Kind])[] = [
  ['nodes', kinds.Node],
  ['pods', kinds.Pod],
  ['namespaces', kinds.Namespace],
  ['services', kinds.Service],
  ['replicationControllers', kinds.ReplicationController],
  ['replicaSets', kinds.ReplicaSet],
  ['statefulSets', kinds.StatefulSet],
  ['podDisruptionBudgets', kinds.PodDisruptionBudget],
  ['persistentVolumes', kinds.PersistentVolume],
  ['persistentVolumeClaims', kinds.PersistentVolumeClaim],
  ['storageClasses', kinds.StorageClass],
  ['csiNodes', kinds.CSINode],
  ['csiDrivers', kinds.CSIDriver],
  ['csiStorageCapacities', kinds.CSIStorageCapacity],
  ['volumeAttachments', kinds.VolumeAttachment],
  ['resourceClaims', kinds.ResourceClaim],
  ['priorityClasses', kinds.PriorityClass],
];

/** Everything that decides. What the person may not read, or the cluster does not have, is said and left out; nodes and Pods must be there. */
async function readCluster(client: Client, io: CliIo): Promise<Cluster> {
  const lists = SOURCES.map(async ([field, kind]): Promise<readonly [string, readonly KubernetesObject[]]> => {
    try {
      return [field, (await client.list(kind)).items];
    } catch (error) {
      if (field === 'nodes' || field === 'pods' || !isApiError(error) || (error.reason !== 'Forbidden' && error.reason !== 'NotFound')) throw error;
      line(io.stderr, `kybern: ${kind.plural} are left out: ${error.message}`);
      return [field, []];
    }
  });
  return Object.fromEntries(await Promise.all(lists)) as unknown as Cluster;
}

/** What a Pod that has its node already is asked again: as if it had none. */
function explainOne(
  pod: kinds.Pod,
  cluster: Cluster,
  { profiles, io }: { readonly profiles: readonly KubeSchedulerProfile[] | undefined; readonly io: CliIo },
): ReturnType<typeof explain> {
  const { schedulerName = 'default-scheduler', nodeName: _nodeName, ...spec } = pod.spec;
  const profile = profiles?.find((each) => (each.schedulerName ?? 'default-scheduler') === schedulerName);
  if (profile === undefined && (profiles !== undefined || schedulerName !== 'default-scheduler')) {
    line(
      io.stderr,
      `kybern: Pod ${keyOf(pod)} is for the scheduler "${schedulerName}", of which nothing is known: explained with kube-scheduler's own profile`,
    );
  }
  return explain({ ...cluster, ...(profile === undefined ? {} : { profile }), pod: { ...pod, spec } });
}
