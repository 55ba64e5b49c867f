import { createNodePort, type NodePort } from '@kybern/client';
import { ApiError, type Client, type Clock, type NodeConnections } from '@kybern/core';
import { Node } from '@kybern/core/kinds';
import { servingName } from './signing-verdict.ts';

/** How this server proves itself to nodes of other processes, and they to it. */
export interface NodeCredentials {
  readonly certificateAuthority: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

/** What {@link createNodeRouter} works with. */
export interface NodeRouterOptions {
  /** The agents of this process. */
  readonly local: NodeConnections;
  isLocal(node: string): boolean;
  client(): Client;
  /** Undefined while there is no door by which other nodes could have come. */
  credentials(): NodeCredentials | undefined;
  readonly clock: Clock;
}

/** The way to all nodes; dispose it to close its connections. */
export interface NodeRouter extends NodeConnections, AsyncDisposable {}

/** Leads to the agents of this process directly, and to others over HTTPS, at the kubelet port that their Node tells. */
export function createNodeRouter(options: NodeRouterOptions): NodeRouter {
  const { local, isLocal, clock } = options;
  /** By node; each with where it leads. */
  const open = new Map<string, { readonly server: string; readonly port: NodePort }>();
  const remote = async (name: string): Promise<NodeConnections> => {
    const credentials = options.credentials();
    const server = credentials === undefined ? undefined : await addressOf(options.client(), name);
    if (credentials === undefined || server === undefined) throw unreachable(name);
    const known = open.get(name);
    if (known?.server === server) return known.port;
    await known?.port[Symbol.asyncDispose]();
    const port = createNodePort({ server, ...credentials, tlsServerName: servingName(name), namespace: 'default' }, { clock });
    open.set(name, { server, port });
    return port;
  };
  const at = async (node: string): Promise<NodeConnections> => (isLocal(node) ? local : remote(node));
  return {
    logs: async (container, call) => (await at(container.node)).logs(container, call),
    exec: async (container, call) => (await at(container.node)).exec(container, call),
    attach: async (container, call) => (await at(container.node)).attach(container, call),
    connect: async (pod, port, call) => (await at(pod.node)).connect(pod, port, call),
    request: async (node, request) => (await at(node)).request(node, request),
    usage: async (node, call) => (await at(node)).usage(node, call),
    async [Symbol.asyncDispose]() {
      await Promise.all([...open.values()].map(({ port }) => port[Symbol.asyncDispose]()));
    },
  };
}

/** @returns undefined when the Node names no port */
async function addressOf(client: Client, name: string): Promise<string | undefined> {
  const { status } = await client.get(Node, name);
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  if (port === undefined || address === undefined) return undefined;
  return `https://${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

function unreachable(node: string): ApiError {
  return new ApiError('InternalError', `error dialing backend: node ${JSON.stringify(node)} has no kubelet port that this server knows of`);
}
