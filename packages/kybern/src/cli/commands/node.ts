import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { listenForNode } from '@kybern/apiserver';
import { createHttpClient } from '@kybern/client';
import { isConditionTrue, isNotFound, systemClock, type Client, type Clock, type Logger } from '@kybern/core';
import { Node } from '@kybern/core/kinds';
import { createKubelet, describeMachine, type Kubelet } from '@kybern/kubelet';
import { createSimulatedRuntime } from '@kybern/runtime-cri';
import type { ClusterNode } from '../../cluster.ts';
import { problemLogger } from '../../network/open-network.ts';
import { joinCluster, type Membership, type Trust } from '../../nodes/join-cluster.ts';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { defaultStateDirectory } from '../state-location.ts';
import { availableRuntimes, CONTAINERD_ENDPOINT, openMachine, type RuntimeName } from '../up/open-nodes.ts';
import type { Command } from './command.ts';

interface NodeArgs {
  readonly action: 'join';
  readonly server: string;
  readonly token: string | undefined;
  readonly 'ca-cert-hash': string | undefined;
  readonly 'ca-file': string | undefined;
  readonly name: string | undefined;
  readonly runtime: RuntimeName | undefined;
  readonly 'containerd-endpoint': string;
  readonly address: string | undefined;
  readonly port: number;
  readonly directory: string | undefined;
}

/** `kybern node join`: this machine as a further node of a cluster, until Ctrl-C. */
export const nodeCommand: Command<NodeArgs> = {
  command: 'node <action>',
  describe: 'Make this machine a further node of a cluster that runs, until Ctrl-C; its containers go on after that, for the next time',
  examples: [
    ['kybern token create', 'prints the command for the cluster that runs, whole'],
    ['kybern node join --server https://192.0.2.1:6443 --token abcdef.0123456789abcdef --ca-cert-hash sha256:…', 'this machine joins, under its host name'],
    ['kybern node join --server https://127.0.0.1:6443 --name second --runtime process', 'a second agent of this machine that has joined before'],
  ],
  options: (yargs) =>
    yargs
      .positional('action', { choices: ['join'] as const, describe: 'what to do' })
      .option('server', { type: 'string', demandOption: true, describe: 'the API server: https://HOST:PORT' })
      .option('token', { type: 'string', describe: 'a bootstrap token, which "kybern token create" makes; needed the first time' })
      .option('ca-cert-hash', { type: 'string', describe: 'by what the server is known: the hash of its authority’s key, sha256:…' })
      .option('ca-file', { type: 'string', describe: 'the same by a file with the certificate of its authority, PEM' })
      .option('name', { type: 'string', describe: 'the name of the Node (default: the host name)' })
      .option('runtime', {
        choices: ['containerd', 'process', 'simulated'] as const,
        describe: 'what runs containers (default: containerd where it can be used, else commands of this machine)',
      })
      .option('containerd-endpoint', { type: 'string', default: CONTAINERD_ENDPOINT, describe: 'where containerd, or another CRI runtime, listens' })
      .option('address', {
        type: 'string',
        describe: 'where the server reaches this node (default: 127.0.0.1 for a server there, else the address of this machine)',
      })
      .option('port', { type: 'number', default: 0, describe: 'of its kubelet; 0 is any free one' })
      .option('directory', { type: 'string', describe: 'where the node keeps what it has (default: a directory of this user for each name)' }),
  run: joinNode,
};

async function joinNode(args: NodeArgs, io: CliIo): Promise<number> {
  const server = serverOf(args.server);
  const name = nameOf(args.name ?? hostname().toLowerCase());
  if (!Number.isInteger(args.port) || args.port < 0 || args.port > 65_535) throw new CliError(`--port must be a port, not ${String(args.port)}`);
  const clock = systemClock();
  const nodes = args.directory === undefined ? join(dirname(defaultStateDirectory(io)), 'joined') : resolve(io.cwd, args.directory);
  const trust = await trustOf(args, io);
  const membership = await joinCluster({ name, server, token: args.token, trust, directory: join(nodes, name), clock, signal: io.interrupted });
  await using client = createHttpClient(membership.access);
  if (!membership.known) await checkFree(client, name);
  const logger = problemLogger((message) => line(io.stderr, `kybern: ${message}`));
  const machine = await openRuntime(args, { name, directory: nodes, clock });
  try {
    await serve({ args, io, name, server, membership, client, clock, logger, machine });
    return 0;
  } finally {
    await machine.end();
  }
}

interface Joined {
  readonly args: NodeArgs;
  readonly io: CliIo;
  readonly name: string;
  readonly server: string;
  readonly membership: Membership;
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly machine: OpenRuntime;
}

async function serve({ args, io, name, server, membership, client, clock, logger, machine }: Joined): Promise<void> {
  const address = args.address ?? (isLoopback(server) ? '127.0.0.1' : machineAddress());
  // The port has to be known before the agent is made, which tells of it.
  const agent: { kubelet?: Kubelet } = {};
  await using door = await listenForNode({
    name,
    connections: () => agent.kubelet?.connections,
    host: address,
    port: args.port,
    serving: membership.serving,
    certificateAuthority: membership.certificateAuthority,
    clock,
    logger,
  });
  const kubelet = createKubelet({
    ...machine.node.kubelet,
    name,
    client,
    runtime: machine.node.runtime ?? createSimulatedRuntime({ clock }),
    clock,
    logger,
    port: door.port,
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: hostname() },
    ],
  });
  agent.kubelet = kubelet;
  line(io.stdout, `kybern: ${machine.summary}, a node of ${server}; kubelet at ${address}:${String(door.port)}`);
  await kubelet.run(io.interrupted);
}

interface OpenRuntime {
  readonly node: ClusterNode;
  readonly summary: string;
  end(): Promise<void>;
}

/** @throws {CliError} the runtime cannot be used */
async function openRuntime(
  args: NodeArgs,
  { name, directory, clock }: { readonly name: string; readonly directory: string; readonly clock: Clock },
): Promise<OpenRuntime> {
  const endpoint = args['containerd-endpoint'];
  const runtime = args.runtime ?? availableRuntimes(endpoint).at(-1) ?? 'simulated';
  if (runtime === 'simulated') return { node: { name }, summary: `"${name}", whose containers are simulated`, end: () => Promise.resolve() };
  const machine = await openMachine({
    runtime,
    name,
    scope: name,
    endpoint,
    directory,
    network: 'none',
    serviceCidr: undefined,
    clock,
    addressBlock: blockOf(name),
  });
  return { node: machine.node, summary: machine.summary, end: () => machine.end(false) };
}

/** 1 to 63: 0 is that of "kybern up". */
function blockOf(name: string): number {
  return 1 + (createHash('sha256').update(name).digest().readUInt32LE() % 63);
}

/** A node of the same name that is alive is another one. @throws {CliError} */
async function checkFree(client: Client, name: string): Promise<void> {
  try {
    if (!isConditionTrue(await client.get(Node, name), 'Ready')) return;
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  throw new CliError(`there is a node ${JSON.stringify(name)} already, and it is ready: choose another name with --name`);
}

function serverOf(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search !== '') throw new CliError(`--server: "${text}" is not https://HOST:PORT`);
  return url.origin;
}

function nameOf(name: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
    throw new CliError(`--name: "${name}" must consist of lower case letters, digits, "-" and ".", and begin and end with a letter or digit`);
  return name;
}

async function trustOf(args: NodeArgs, io: CliIo): Promise<Trust | undefined> {
  const { 'ca-cert-hash': hash, 'ca-file': file } = args;
  if (hash !== undefined) return { hash };
  if (file === undefined) return undefined;
  try {
    return { certificateAuthority: await readFile(resolve(io.cwd, file), 'utf8') };
  } catch (cause) {
    throw new CliError(`--ca-file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function isLoopback(server: string): boolean {
  const { hostname: host } = new URL(server);
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}

function machineAddress(): string {
  return describeMachine().addresses.find(({ type }) => type === 'InternalIP')?.address ?? '127.0.0.1';
}
