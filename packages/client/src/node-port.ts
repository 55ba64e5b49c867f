import {
  ApiError,
  systemClock,
  type AttachOptions,
  type Clock,
  type ContainerOnNode,
  type NodeConnections,
  type NodeUsage,
  type PodOnNode,
} from '@kybern/core';
import { createCredentials } from './credentials.ts';
import { isRecord } from './json.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { COMMAND_PROTOCOLS, connectionOver, FORWARD_PROTOCOLS, processOver } from './pod-streams.ts';
import { createSocketOpener } from './pod-socket.ts';
import { createTransport, type Transport } from './transport.ts';

/** The way to the kubelet port of one node; dispose it to close its connections. */
export interface NodePort extends NodeConnections, AsyncDisposable {}

/**
 * Reaches a kubelet over HTTPS, by Kubernetes' paths: logs, commands and ports of its Pods, and what it uses.
 *
 * @param access where its port is, and who asks there
 */
export function createNodePort(access: ClusterAccess, { clock = systemClock() }: { readonly clock?: Clock } = {}): NodePort {
  const credentials = createCredentials(access, clock);
  const transport = createTransport(access, credentials);
  const openSocket = createSocketOpener(access, credentials);
  const command = async (path: string, options: AttachOptions & { readonly command?: readonly string[] }): ReturnType<NodeConnections['attach']> => {
    const { signal } = options;
    const wanted = { stdin: false, stdout: false, stderr: false, ...options };
    return processOver(await openSocket({ path: `${path}?${commandQuery(wanted).toString()}`, protocols: COMMAND_PROTOCOLS, signal }), wanted);
  };
  return {
    async logs(container, { signal, managedFields: _managedFields, ...options }) {
      const query = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
      const { body } = await transport.open({ method: 'GET', path: logPath(container), query, signal });
      return ReadableStream.from(body) as ReadableStream<Uint8Array>;
    },
    exec: (container, options) => command(`/exec${podPath(container)}/${encodeURIComponent(container.container)}`, options),
    attach: (container, options) => command(`/attach${podPath(container)}/${encodeURIComponent(container.container)}`, options),
    async connect(pod, port, { signal } = {}) {
      const socket = await openSocket({ path: `/portForward${podPath(pod)}?port=${String(port)}`, protocols: FORWARD_PROTOCOLS, signal });
      return connectionOver(socket, port);
    },
    async request(_node, { method, path, query, signal }) {
      if (method !== 'GET' && method !== 'HEAD') throw new ApiError('MethodNotAllowed', `the kubelet does not allow ${method} on ${path}`);
      const { status, contentType, body } = await transport.open({ method: 'GET', path, query: Object.fromEntries(query), accept: '*/*', signal });
      return { status, contentType, body: ReadableStream.from(body) as ReadableStream<Uint8Array> };
    },
    usage: (_node, { signal } = {}) => readUsage(transport, signal),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

const podPath = ({ namespace, name, uid }: PodOnNode): string => [namespace, name, uid].map((part) => `/${encodeURIComponent(part)}`).join('');
const logPath = ({ namespace, name, container }: ContainerOnNode): string =>
  `/containerLogs${[namespace, name, container].map((part) => `/${encodeURIComponent(part)}`).join('')}`;

/** @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/httpstream.go (NewOptions) */
function commandQuery({ command = [], stdin, stdout, stderr, tty = false }: AttachOptions & { readonly command?: readonly string[] }): URLSearchParams {
  const flags = { input: stdin, output: stdout, error: stderr === true && !tty, tty };
  const query = new URLSearchParams(Object.entries(flags).flatMap(([name, on]) => (on === true ? [[name, '1'] as [string, string]] : [])));
  for (const word of command) query.append('command', word);
  return query;
}

async function readUsage(transport: Transport, signal: AbortSignal | undefined): Promise<NodeUsage> {
  const summary = await transport.json({ method: 'GET', path: '/stats/summary', signal });
  if (!isRecord(summary) || !isRecord(summary['node']) || !Array.isArray(summary['pods']))
    throw new ApiError('InternalError', 'the kubelet answered no summary');
  const { node, pods } = summary as unknown as Summary;
  return {
    timeMs: Date.parse(node.cpu.time),
    windowMs: WINDOW_MS,
    ...figures(node),
    pods: pods.map(({ podRef, containers, network }) => ({
      ...podRef,
      containers: containers.map((each) => ({ name: each.name, ...figures(each) })),
      ...(network === undefined ? {} : { network }),
    })),
  };
}

/** Of the agent's measurements; the summary does not tell. */
const WINDOW_MS = 10_000;

interface Figures {
  readonly cpu: { readonly time: string; readonly usageNanoCores: number };
  readonly memory: { readonly workingSetBytes: number };
}

/** As far as it is used. @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go */
interface Summary {
  readonly node: Figures;
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
    readonly containers: readonly (Figures & { readonly name: string })[];
    readonly network?: NonNullable<NodeUsage['pods'][number]['network']>;
  }[];
}

const figures = ({ cpu, memory }: Figures): { readonly cpuNanoCores: number; readonly memoryBytes: number } => ({
  cpuNanoCores: cpu.usageNanoCores,
  memoryBytes: memory.workingSetBytes,
});
