import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { noopLogger, sleep, systemRandom, type Clock, type LogFields, type Logger } from '@kybern/core';
import { Node, type Pod } from '@kybern/core/kinds';
import type { PodResolver } from '@kybern/kubelet';
import { podResolverConfig, type ResolverConfig } from '@kybern/netmodel';
import type { ContainerRuntime } from '@kybern/runtime-cri';
import type { Cluster } from '../cluster.ts';
import { DEFAULT_SERVICE_CIDR, ensureDnsService, ownAddresses, type OwnAddresses } from './cluster-dns.ts';
import type { IngressPlace } from './ingress.ts';
import { bridgeConfig, readPodNetwork } from './pod-network.ts';
import { addAddresses, addRange, type ServiceAddresses } from './service-addresses.ts';
import { runServiceNetwork, type Carrier } from './service-network.ts';

/** How the node of `kybern up` carries Services, decided by what it may do. */
export interface NetworkPlan {
  readonly type: 'kernel' | 'loopback' | 'own-addresses';
  readonly nodeName: string;
  readonly runtime: ContainerRuntime;
  readonly addresses: OwnAddresses;
  /** For the agent: what the resolvers of Pods are told. */
  readonly resolver?: (pod: Pod) => PodResolver;
  /** For people. */
  readonly summary: string;
}

/** The node that {@link planNetwork} is about. */
export interface PlannedNode {
  readonly nodeName: string;
  readonly runtime: ContainerRuntime;
  /** Where Services have their addresses. Default `10.96.0.0/12`. */
  readonly serviceCidr?: string | undefined;
}

/**
 * Decides how Services are carried. Containers: by the kernel, with DNS and NetworkPolicies. Processes: by this process, at the Services' own addresses where this
 * machine may be given them, else at ports of 127.0.0.1.
 *
 * @throws {RangeError} `serviceCidr` is of no use
 */
export function planNetwork(type: 'containerd' | 'process', { nodeName, runtime, serviceCidr = DEFAULT_SERVICE_CIDR }: PlannedNode): NetworkPlan {
  const mayConfigure = process.platform === 'linux' && process.getuid?.() === 0 && isOnPath('ip');
  const addresses = ownAddresses(serviceCidr);
  const { dns } = addresses;
  const plan = { nodeName, runtime, addresses };
  if (type === 'containerd' && mayConfigure && isOnPath('nft')) {
    const host = hostResolver();
    const resolver = (pod: Pod): PodResolver => podResolverConfig(pod, { clusterDns: [dns], host });
    return { ...plan, type: 'kernel', resolver, summary: `Services and NetworkPolicies by nftables, DNS at ${dns}` };
  }
  if (type === 'process' && mayConfigure)
    return { ...plan, type: 'own-addresses', summary: `Services by a proxy at their own addresses, DNS at ${dns}, no NetworkPolicies` };
  const lacking = type === 'containerd' ? 'nftables and DNS need root, ip and nft' : 'their own addresses need root on Linux';
  return { ...plan, type: 'loopback', summary: `Services by a proxy, at NodePorts of 127.0.0.1 alone (${lacking})` };
}

/** What {@link openNetwork} needs besides the plan. */
export interface NetworkParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
  readonly ingress: IngressPlace;
}

/** A network that is set up. Disposing takes everything away that was set up for it. */
export interface OpenNetwork extends AsyncDisposable {
  /** Where Ingresses are served; undefined: nowhere, as was told. */
  readonly ingress: IngressPlace | undefined;
}

const NODE_MS = 30_000;

/** Sets the network up. A cluster without it is of use, so what fails is told and not thrown. */
export async function openNetwork(plan: NetworkPlan, parts: NetworkParts): Promise<OpenNetwork> {
  const { onProblem } = parts;
  const stop = new AbortController();
  const stack = new AsyncDisposableStack();
  let ingress: IngressPlace | undefined;
  try {
    const carrier = await prepare(plan, parts, stack);
    const network = runServiceNetwork(
      {
        client: parts.cluster.client,
        nodeName: plan.nodeName,
        carrier,
        dns: plan.type === 'loopback' ? undefined : plan.addresses.dns,
        ingress: parts.ingress,
        clock: parts.clock,
        random: systemRandom(),
        logger: problemLogger(onProblem),
      },
      stop.signal,
    );
    stack.defer(async () => {
      stop.abort();
      await network.ended.catch((error: unknown) => onProblem(`the network of Services ended badly: ${messageOf(error)}`));
    });
    network.ingress.catch(() => undefined);
    await network.ready;
    ingress = await network.ingress.catch((error: unknown) => void onProblem(`Ingresses are not served: ${ingressProblem(error)}`));
  } catch (error) {
    onProblem(`Services cannot be reached by their addresses: ${messageOf(error)}`);
  }
  return { ingress, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Gives the machine what the plan needs. */
async function prepare(plan: NetworkPlan, parts: NetworkParts, stack: AsyncDisposableStack): Promise<Carrier> {
  if (plan.type === 'loopback') return { type: 'userspace', at: 'loopback' };
  const { api, dns, range } = plan.addresses;
  const added: ServiceAddresses = plan.type === 'kernel' ? await addAddresses([api, dns]) : await addRange(range);
  stack.use(added);
  const door = await parts.cluster.listen({ host: api, port: 443 }).catch((error: unknown) => {
    throw new Error(`another cluster on this machine has them (${messageOf(error)})`, { cause: error });
  });
  stack.use(door);
  await ensureDnsService(parts.cluster.client, dns);
  if (plan.type === 'own-addresses') return { type: 'userspace', at: 'own' };
  return {
    type: 'nftables',
    podCidrs: await podRanges(plan, parts, stack),
    table: range === DEFAULT_SERVICE_CIDR ? 'kybern' : `kybern_${range.replace(/\W/g, '_')}`,
  };
}

/** The ranges of Pod addresses: those that the runtime has, else the node's, for which a bridge is configured. @throws {Error} neither can be had */
async function podRanges({ runtime, nodeName }: NetworkPlan, { cluster, clock }: NetworkParts, stack: AsyncDisposableStack): Promise<readonly string[]> {
  const { directory, subnets } = readPodNetwork((await runtime.status({ verbose: true })).info);
  if (subnets.length > 0) return subnets;
  if (directory === undefined) throw new Error('the runtime does not say which addresses Pods have, nor where to configure them');
  const ranges = await nodeRanges(cluster, nodeName, clock);
  await mkdir(directory, { recursive: true });
  const present = (await readdir(directory)).find((name) => /\.(?:conf|conflist|json)$/.test(name));
  if (present !== undefined) throw new Error(`the network that ${join(directory, present)} configures has no ranges of addresses that could be read`);
  const file = join(directory, '10-kybern.conflist');
  await writeFile(file, bridgeConfig(ranges));
  stack.defer(() => rm(file, { force: true }));
  return ranges;
}

async function nodeRanges({ client }: Cluster, name: string, clock: Clock): Promise<readonly string[]> {
  for (let waitedMs = 0; waitedMs < NODE_MS; waitedMs += 50) {
    const found = (await client.list(Node)).items.find(({ metadata }) => metadata.name === name);
    const ranges = found?.spec.podCIDRs ?? [];
    if (ranges.length > 0) return ranges;
    await sleep(clock, 50);
  }
  throw new Error(`the Node ${name} got no range of Pod addresses within ${String(NODE_MS / 1000)} s`);
}

/** The machine's own `/etc/resolv.conf`: for Pods with the policy `Default`, and its search domains for the others. */
function hostResolver(): ResolverConfig {
  let text = '';
  try {
    text = readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    // There is none: nothing is to be had from it.
  }
  const all = (word: string): readonly string[] =>
    text.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length).trim().split(/\s+/) : []));
  const options = all('options').map((option) => {
    const [name = '', value] = option.split(':');
    return value === undefined ? { name } : { name, value };
  });
  return { nameservers: all('nameserver'), searches: all('search'), options };
}

function isOnPath(name: string): boolean {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false; // not there
    }
  });
}

/** Failures of the parts, which go on by themselves, for people. */
export function problemLogger(onProblem: (message: string) => void): Logger {
  const tell = (message: string, fields?: LogFields): void =>
    onProblem(fields?.['error'] === undefined ? message : `${message}: ${messageOf(fields['error'])}`);
  const logger: Logger = { ...noopLogger, error: tell, with: () => logger };
  return logger;
}

function ingressProblem(error: unknown): string {
  const { code, port } = error as { readonly code?: string; readonly port?: number };
  if (code === 'EADDRINUSE') return `port ${String(port)} is in use; choose others with --ingress-port and --ingress-tls-port`;
  if (code === 'EACCES') return `port ${String(port)} is not permitted; choose others with --ingress-port and --ingress-tls-port`;
  return messageOf(error);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
