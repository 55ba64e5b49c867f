import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { printTable, tokenFileAuthenticator, type Authenticator, type Listener } from '@kybern/apiserver';
import { parseDuration, sleep, systemClock, type Clock } from '@kybern/core';
import { Pod, type Node } from '@kybern/core/kinds';
import { Gateway, GatewayClass, HTTPRoute, ReferenceGrant } from '@kybern/netmodel';
import type { ErrorContext } from '@kybern/reconcile';
import type { StateStore } from '@kybern/state';
import { createCluster, type Cluster } from '../../cluster.ts';
import { ownAddresses } from '../../network/cluster-dns.ts';
import { openNetwork } from '../../network/open-network.ts';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { defaultKubeconfig, kubeconfigText, removeIfOurs, writePrivately } from '../kubeconfig-file.ts';
import { loadManifests, type LoadedManifest } from '../manifests.ts';
import { cliKinds } from '../resource-argument.ts';
import { defaultStateDirectory, openState, parseStateLocation, type StateLocation } from '../state-location.ts';
import { formatTable } from '../table-text.ts';
import { followRollout, type RolloutFollower } from '../up/follow-rollout.ts';
import { chooseRuntime } from '../up/choose-runtime.ts';
import { availableRuntimes, CONTAINERD_ENDPOINT, openNodes, RUNTIMES, type RuntimeName } from '../up/open-nodes.ts';
import { createReporter, type Reporter } from '../up/reporter.ts';
import { applyManifests } from './apply.ts';
import type { Command } from './command.ts';

interface UpArgs {
  readonly manifests: readonly string[];
  readonly once: boolean;
  readonly timeout: string;
  readonly listen: string;
  readonly kubeconfig: string | undefined;
  readonly nodes: number | undefined;
  readonly runtime: RuntimeName | undefined;
  readonly 'containerd-endpoint': string;
  readonly state: string | undefined;
  readonly volumes: string | undefined;
  readonly network: 'auto' | 'none';
  readonly 'service-cidr': string | undefined;
  readonly 'ingress-port': number;
  readonly 'ingress-tls-port': number;
  readonly 'event-ttl': string;
  readonly 'etcd-cafile': string | undefined;
  readonly 'etcd-certfile': string | undefined;
  readonly 'etcd-keyfile': string | undefined;
  readonly 'etcd-user': string | undefined;
  readonly 'etcd-password-file': string | undefined;
  readonly 'node-prefix': string;
  readonly 'token-auth-file': string | undefined;
  readonly seed: string | undefined;
  readonly output: 'text' | 'json';
}

/** `kybern up`: a cluster, with manifests applied, until Ctrl-C. */
export const upCommand: Command<UpArgs> = {
  command: 'up [manifests..]',
  describe: 'Start a cluster, apply manifests, show the rollout, and run until Ctrl-C',
  examples: [
    ['kybern up examples/quickstart --runtime simulated', 'a cluster of three simulated nodes with the manifests of a folder'],
    ['kybern up deployment.yaml --once', 'end as soon as everything is available; exit code 1 if that takes too long'],
    ['kybern up --listen 127.0.0.1:6443 --nodes 5', 'a cluster at a port of your choice'],
    ['kybern up --runtime process web.yaml', 'containers are commands of this machine, whatever their image is called'],
    ['kybern up --runtime containerd web.yaml', 'real containers, by the containerd of this machine; needs the right to use it'],
    ['kybern up --state memory', 'an empty cluster that leaves nothing behind'],
    ['kybern up --state file:./cluster', 'a cluster that is kept in a directory of your choice'],
  ],
  options: (yargs) =>
    yargs
      .positional('manifests', { type: 'string', array: true, default: [], describe: 'files or folders with manifests' })
      .option('once', { type: 'boolean', default: false, describe: 'end when everything is available, and print the Pods' })
      .option('timeout', { type: 'string', default: '60s', describe: 'with --once: how long that may take' })
      .option('listen', { type: 'string', default: '127.0.0.1:0', describe: 'where the API server listens; port 0 is any free one' })
      .option('kubeconfig', { type: 'string', describe: 'where to write the kubeconfig (default: ~/.kybern/kubeconfig)' })
      .option('token-auth-file', { type: 'string', describe: 'a file of bearer tokens, a line each: token,user,uid,"group1,group2"' })
      .option('nodes', { type: 'number', describe: 'how many nodes (default: 3 simulated ones; this machine with another runtime)' })
      .option('runtime', {
        choices: RUNTIMES,
        describe:
          'what runs containers: nothing does, commands of this machine, or containerd (default: $KYBERN_RUNTIME, else what did before, else containerd where it can be used, else commands, unless the manifests need images)',
      })
      .option('containerd-endpoint', { type: 'string', default: CONTAINERD_ENDPOINT, describe: 'where containerd, or another CRI runtime, listens' })
      .option('state', {
        type: 'string',
        describe: 'where objects are kept: memory, file:DIR, or etcd:URL[,URL...] (default: a directory of this user; with --once: memory)',
      })
      .option('volumes', {
        type: 'string',
        describe: 'a directory for the volumes of claims (default: one of the node; simulated nodes have simulated volumes)',
      })
      .option('network', {
        choices: ['auto', 'none'] as const,
        default: 'auto' as const,
        describe: 'whether real nodes carry Services: as well as this machine lets them, or not at all',
      })
      .option('service-cidr', {
        type: 'string',
        describe: 'where Services have their addresses (default: 10.96.0.0/12); clusters on one machine need ranges of their own',
      })
      .option('ingress-port', { type: 'number', default: 8080, describe: 'where Ingresses of real nodes are served, at 127.0.0.1; port 0 is any free one' })
      .option('ingress-tls-port', { type: 'number', default: 8443, describe: 'the same with TLS' })
      .option('event-ttl', { type: 'string', default: '1h', describe: 'how long Events are kept' })
      .option('etcd-cafile', { type: 'string', describe: 'the certificates of the authorities of etcd, PEM' })
      .option('etcd-certfile', { type: 'string', describe: 'the certificate to show to etcd, PEM' })
      .option('etcd-keyfile', { type: 'string', describe: 'the key of that certificate, PEM' })
      .option('etcd-user', { type: 'string', describe: 'a user of etcd (default: $KYBERN_ETCD_USER), whose password is in $KYBERN_ETCD_PASSWORD' })
      .option('etcd-password-file', { type: 'string', describe: 'a file with the password of that user, instead' })
      .option('node-prefix', { type: 'string', default: 'node', describe: 'what the names of nodes begin with; servers over one etcd need names of their own' })
      .option('seed', { type: 'string', describe: 'makes names and choices repeatable' })
      .option('output', { choices: ['text', 'json'] as const, default: 'text' as const, describe: 'text for people, JSON lines for programs' }),
  run: up,
};

async function up(args: UpArgs, io: CliIo): Promise<number> {
  const timeoutMs = durationOf(args.timeout, 'timeout');
  const eventTtlMs = durationOf(args['event-ttl'], 'event-ttl');
  if (eventTtlMs <= 0) throw new CliError('--event-ttl must be more than 0');
  const location = locationOf(args, io);
  const address = addressOf(args.listen);
  checkServiceCidr(args['service-cidr']);
  for (const name of ['ingress-port', 'ingress-tls-port'] as const)
    if (!Number.isInteger(args[name]) || args[name] < 0 || args[name] > 65_535) throw new CliError(`--${name} must be a port, not ${String(args[name])}`);
  checkNodes(args);
  const manifests = await loadManifests(args.manifests, { cwd: io.cwd, kinds: cliKinds() });
  const authenticators = await tokensOf(args['token-auth-file'], io);
  const clock = systemClock();
  const reporter = createReporter(args, io, clock);
  await using state = await openState(location, {
    clock,
    eventTtlMs,
    onFailure: (error) => reporter.problem(`${error.message}. Reads go on.`),
    etcd: {
      ca: args['etcd-cafile'],
      cert: args['etcd-certfile'],
      key: args['etcd-keyfile'],
      user: args['etcd-user'] ?? io.env.KYBERN_ETCD_USER,
      password: io.env.KYBERN_ETCD_PASSWORD,
      passwordFile: args['etcd-password-file'],
    },
  });
  const choice = chooseRuntime({
    asked: args.runtime,
    environment: io.env.KYBERN_RUNTIME,
    nodes: args.nodes,
    available: availableRuntimes(args['containerd-endpoint']),
    before: await runtimeBefore(state, args['node-prefix']),
    manifests: manifests.map(({ kind, object }) => ({ ...object, kind: kind.kind })),
  });
  await using nodes = await openNodes({
    ...choice,
    count: args.nodes,
    prefix: args['node-prefix'],
    endpoint: args['containerd-endpoint'],
    network: args.network,
    serviceCidr: args['service-cidr'],
    directory: location.type === 'memory' ? undefined : join(dirname(defaultStateDirectory(io)), 'nodes'),
    clock,
  });
  await using cluster = await createCluster({
    nodes: nodes.nodes,
    nodePrefix: args['node-prefix'],
    ...(nodes.network === undefined ? {} : { kinds: [GatewayClass, Gateway, HTTPRoute, ReferenceGrant] }),
    ...volumesOf(args.volumes === undefined ? nodes.volumes : resolve(io.cwd, args.volumes)),
    state,
    eventTtlMs,
    ...(args['service-cidr'] === undefined ? {} : { serviceCidr: args['service-cidr'] }),
    authenticators,
    clock,
    ...(args.seed === undefined ? {} : { seed: args.seed }),
    onError: (error, context) => reporter.problem(`${describeContext(context)}: ${error.message}`),
  });
  const listener = await listenAt(cluster, address, args.listen);
  const place = { host: '127.0.0.1', port: args['ingress-port'], tlsPort: args['ingress-tls-port'] };
  const onProblem = (message: string): void => reporter.problem(message);
  await using network = nodes.network && (await openNetwork(nodes.network, { cluster, clock, onProblem, ingress: place }));
  const kubeconfig = kubeconfigPath(args, io);
  const text = kubeconfigText(listener);
  await writeKubeconfig(kubeconfig, text);
  try {
    reporter.ready({ listener, kubeconfig, state: location, nodes: nodes.summary, ingress: network?.ingress });
    return await serve({ args, io, clock, cluster, manifests, reporter, timeoutMs });
  } catch (error) {
    if (io.interrupted.aborted) return 130;
    throw error;
  } finally {
    reporter.end();
    await removeIfOurs(kubeconfig, text);
  }
}

/** @throws {CliError} the file cannot be read, or is not one of tokens */
async function tokensOf(file: string | undefined, io: CliIo): Promise<readonly Authenticator[]> {
  if (file === undefined) return [];
  try {
    return [tokenFileAuthenticator(await readFile(resolve(io.cwd, file), 'utf8'))];
  } catch (error) {
    throw new CliError(`--token-auth-file ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What ran the containers of the first node when the state was written last. */
async function runtimeBefore(state: StateStore, prefix: string): Promise<string | undefined> {
  const node = (await state.get(`/registry/core/nodes/${prefix}-1`))?.value as Node | undefined;
  return node?.status?.nodeInfo?.containerRuntimeVersion;
}

const volumesOf = (directory: string | undefined): { readonly volumes?: { readonly directory: string } } =>
  directory === undefined ? {} : { volumes: { directory } };

function checkServiceCidr(range: string | undefined): void {
  try {
    if (range !== undefined) ownAddresses(range);
  } catch (error) {
    throw new CliError(`--service-cidr: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A machine is one node. */
function checkNodes({ nodes, runtime }: UpArgs): void {
  if (nodes === undefined) return;
  if (!Number.isInteger(nodes) || nodes < 0) throw new CliError(`--nodes must be a whole number of at least 0, not ${String(nodes)}`);
  if (runtime !== undefined && runtime !== 'simulated' && nodes > 1)
    throw new CliError(`--runtime ${runtime}: this machine is one node; only simulated ones can be more`);
}

function describeContext(context: ErrorContext): string {
  if (context.source === 'reconcile') return `controller ${context.controller}, ${context.kind} "${context.key}"`;
  return context.what;
}

interface Session {
  readonly args: UpArgs;
  readonly io: CliIo;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly manifests: readonly LoadedManifest[];
  readonly reporter: Reporter;
  readonly timeoutMs: number;
}

async function serve(session: Session): Promise<number> {
  const { args, io, clock, cluster, manifests, reporter } = session;
  const stop = new AbortController();
  const follower = followRollout(cluster.client, manifests, clock);
  const following = follower.run(stop.signal);
  try {
    await follower.synced;
    const unfollow = reporter.follow(follower);
    const failures = await applyManifests(cluster.client, manifests, {
      namespace: 'default',
      signal: io.interrupted,
      onApplied: (manifest, outcome) => reporter.applied(manifest, outcome),
    });
    if (failures.length > 0) throw new CliError(failures.map((failure) => failure.message).join('\n'));
    await untilAvailable(session, follower);
    reporter.available();
    if (!args.once) await untilInterrupted(io.interrupted);
    unfollow();
    if (args.once) await printPods(session);
    return 0;
  } finally {
    stop.abort();
    await following;
  }
}

/** Waits until nothing is waited for. @throws {CliError} with the reasons, when `--once` and the time is over */
async function untilAvailable({ args, io, clock, timeoutMs }: Session, follower: RolloutFollower): Promise<void> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const waiting = follower.waiting();
    if (waiting.length === 0) return;
    if (args.once && clock.monotonicMs() >= deadlineMs)
      throw new CliError(`not available after ${args.timeout}:\n${waiting.map((why) => `  ${why}`).join('\n')}`);
    await sleep(clock, 20, { signal: io.interrupted });
  }
}

function untilInterrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function printPods({ args, io, clock, cluster, reporter }: Session): Promise<void> {
  reporter.end();
  const list = await cluster.client.list(Pod, { namespace: 'default' });
  if (args.output === 'json') line(io.stdout, JSON.stringify({ type: 'pods', items: list.items }));
  else if (list.items.length > 0) line(io.stdout, formatTable(printTable({ kind: Pod, objects: list.items, nowMs: clock.now() }), { wide: true }));
}

/** Where the state is. A run that ends by itself leaves nothing behind, unless it is told to. */
function locationOf(args: UpArgs, io: CliIo): StateLocation {
  if (args.state !== undefined) return parseStateLocation(args.state, io.cwd);
  return args.once ? { type: 'memory' } : { type: 'file', directory: defaultStateDirectory(io) };
}

function durationOf(text: string, option: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new CliError(`--${option}: "${text}" is not a duration, such as 60s or 2m`);
  }
}

function addressOf(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new CliError(`--listen: "${text}" is not HOST:PORT, such as 127.0.0.1:6443`);
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '127.0.0.1' : match[2]), port };
}

async function listenAt(cluster: Cluster, address: { readonly host: string; readonly port: number }, text: string): Promise<Listener> {
  try {
    return await cluster.listen(address);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'the port is in use; choose another, or 0 for any free one',
      EACCES: 'not permitted; ports below 1024 need privileges',
      EADDRNOTAVAIL: 'this machine has no such address',
      ENOTFOUND: 'there is no such host',
    };
    const reason = typeof code === 'string' ? reasons[code] : undefined;
    if (reason === undefined) throw error;
    throw new CliError(`cannot listen at ${text}: ${reason}`, { cause: error });
  }
}

function kubeconfigPath(args: UpArgs, io: CliIo): string {
  if (args.kubeconfig === undefined) return defaultKubeconfig(io);
  return isAbsolute(args.kubeconfig) ? args.kubeconfig : join(io.cwd, args.kubeconfig);
}

async function writeKubeconfig(file: string, text: string): Promise<void> {
  try {
    await writePrivately(file, text);
  } catch (error) {
    throw new CliError(`cannot write the kubeconfig ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
