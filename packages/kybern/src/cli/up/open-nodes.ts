import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kybern/core';
import { describeMachine, removeCgroups } from '@kybern/kubelet';
import { createScopedRuntime, type ContainerRuntime } from '@kybern/runtime-cri';
import type { ClusterNode } from '../../cluster.ts';
import { planNetwork, type NetworkPlan } from '../../network/open-network.ts';
import { CliError } from '../errors.ts';

/** What runs containers. */
export const RUNTIMES = ['simulated', 'process', 'containerd'] as const;
/** One of {@link RUNTIMES}. */
export type RuntimeName = (typeof RUNTIMES)[number];

/** Where Debian and others have containerd listen. */
export const CONTAINERD_ENDPOINT = 'unix:///run/containerd/containerd.sock';

/** What {@link openNodes} opens. */
export interface NodesWanted {
  readonly runtime: RuntimeName;
  /** Why, when nobody asked for it. */
  readonly why?: string | undefined;
  /** Default: 3 simulated nodes, or this machine. */
  readonly count: number | undefined;
  readonly prefix: string;
  /** Of containerd. */
  readonly endpoint: string;
  /** Where nodes keep what Pods need. Undefined: a temporary one, which goes with them. */
  readonly directory: string | undefined;
  /** Whether Services are carried. */
  readonly network: 'auto' | 'none';
  /** Where they have their addresses. */
  readonly serviceCidr: string | undefined;
  readonly clock: Clock;
}

/** The nodes of `kybern up`. Disposing ends the containers of real ones; do it after the cluster's end. */
export interface OpenNodes extends AsyncDisposable {
  readonly nodes: number | readonly ClusterNode[];
  /** Where the volumes of claims are kept; undefined: nowhere, they are simulated as the nodes are. */
  readonly volumes: string | undefined;
  /** How Services are carried; undefined: not at all, as the nodes are simulated. */
  readonly network: NetworkPlan | undefined;
  /** For the first line that a person reads. */
  readonly summary: string;
}

/** Opens the nodes that are wanted. What they need is loaded when it is: simulated ones need nothing. @throws {CliError} the runtime cannot be used */
export async function openNodes(wanted: NodesWanted): Promise<OpenNodes> {
  const { runtime, count, prefix } = wanted;
  if (runtime === 'simulated' || count === 0) {
    const nodes = count ?? 3;
    const others = availableRuntimes(wanted.endpoint);
    const because = wanted.why === undefined ? '' : `${wanted.why}; `;
    const hint = others.length === 0 ? '' : ` (${because}--runtime ${others.join(' or ')} is available here)`;
    return {
      nodes,
      volumes: undefined,
      network: undefined,
      summary: `${String(nodes)} simulated nodes${hint}`,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const { node, volumes, network, summary, end } = await openMachine({ ...wanted, runtime, name: `${prefix}-1`, scope: prefix });
  return {
    nodes: [node],
    volumes,
    network,
    summary: wanted.why === undefined ? summary : `${summary} (${wanted.why}; --runtime says otherwise)`,
    [Symbol.asyncDispose]: () => end(true),
  };
}

/** What {@link openMachine} opens. */
export interface MachineWanted extends Pick<NodesWanted, 'endpoint' | 'directory' | 'network' | 'serviceCidr' | 'clock'> {
  readonly runtime: Exclude<RuntimeName, 'simulated'>;
  readonly name: string;
  /** By what its containers are told from others of the same containerd. */
  readonly scope: string;
  /** Which of the machine's nodes it is, for addresses of processes. Default 0. */
  readonly addressBlock?: number;
}

/** This machine as a node. */
export interface OpenMachine {
  readonly node: ClusterNode & { readonly runtime: ContainerRuntime };
  readonly volumes: string;
  readonly network: NetworkPlan | undefined;
  readonly summary: string;
  /** Lets go of it, with its Pods or without. */
  end(withPods: boolean): Promise<void>;
}

/** Opens this machine as one node. @throws {CliError} the runtime cannot be used */
export async function openMachine(wanted: MachineWanted): Promise<OpenMachine> {
  const { runtime, name } = wanted;
  const directory = wanted.directory === undefined ? await mkdtemp(join(tmpdir(), 'kybern-node-')) : join(wanted.directory, name);
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const opened = runtime === 'process' ? await openProcesses(directory, wanted.addressBlock ?? 0) : await openContainerd(wanted);
  const machine = {
    rootDirectory: join(directory, 'kubelet'),
    logDirectory: join(directory, 'logs'),
    cgroups: opened.cgroups,
    // Nodes that share a machine leave each other's alone.
    cgroupRoot: `/kybern-${name}`,
  };
  const network = wanted.network === 'none' ? undefined : planNetwork(runtime, { nodeName: name, runtime: opened.runtime, serviceCidr: wanted.serviceCidr });
  const resolver = network?.resolver;
  const kubelet = { machine, ...describeMachine({ directory }), ...(resolver === undefined ? {} : { resolver }) };
  return {
    node: { name, runtime: opened.runtime, kubelet },
    volumes: join(directory, 'volumes'),
    network,
    summary: `this machine as "${name}", ${opened.summary}${network === undefined ? '' : `; ${network.summary}`}`,
    async end(withPods) {
      if (withPods) await endPods(opened.runtime);
      if (withPods && opened.cgroups) await removeCgroups(machine.cgroupRoot);
      await opened.close();
      if (wanted.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

interface OpenRuntime {
  readonly runtime: ContainerRuntime;
  readonly summary: string;
  readonly cgroups: boolean;
  close(): Promise<void>;
}

async function openProcesses(directory: string, addressBlock: number): Promise<OpenRuntime> {
  const { createProcessRuntime } = await import('@kybern/runtime-cri/process');
  const runtime = await createProcessRuntime({ directory: join(directory, 'runtime'), anyImage: true, addressBlock });
  return { runtime, summary: 'containers are its own commands and not isolated', cgroups: false, close: async () => runtime[Symbol.asyncDispose]() };
}

async function openContainerd({ endpoint, scope, clock }: MachineWanted): Promise<OpenRuntime> {
  const { createGrpcRuntime } = await import('@kybern/runtime-cri/grpc');
  const runtime = createGrpcRuntime({ endpoint, clock });
  try {
    const { runtimeName, runtimeVersion } = await runtime.capabilities();
    return {
      // Whatever else runs there is none of our business.
      runtime: createScopedRuntime(runtime, scope),
      summary: `containers by ${runtimeName} ${runtimeVersion}`,
      cgroups: (await runtime.runtimeConfig({})).linux?.cgroupDriver === 'CGROUPFS',
      close: async () => runtime[Symbol.dispose](),
    };
  } catch (error) {
    runtime[Symbol.dispose]();
    throw new CliError(`--runtime containerd: ${endpoint} cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The cluster is over, and so are its Pods. */
async function endPods(runtime: ContainerRuntime): Promise<void> {
  const { items } = await runtime.listPodSandbox({});
  for (const { id: podSandboxId } of items) {
    await runtime.stopPodSandbox({ podSandboxId });
    await runtime.removePodSandbox({ podSandboxId });
  }
}

/** What can run containers here, besides the simulation. */
export function availableRuntimes(endpoint: string): readonly Exclude<RuntimeName, 'simulated'>[] {
  return [...(process.platform === 'win32' ? [] : ['process' as const]), ...(isUsable(endpoint) ? ['containerd' as const] : [])];
}

function isUsable(endpoint: string): boolean {
  try {
    accessSync(endpoint.replace(/^unix:(\/\/)?/, ''), constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false; // not there, or not for this user
  }
}
