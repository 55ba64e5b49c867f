import { ApiError, type ByteConnection, type CallOptions, type Kind, type NodeResponse } from '@kybern/core';
import { EndpointSlice, Node, Pod, type Service } from '@kybern/core/kinds';
import type { ConnectEnvironment } from './connect-environment.ts';
import { badRequest, objectNotFound } from '../errors.ts';
import { listPrefix } from '../resource.ts';
import type { ConnectRequest } from './connect.ts';
import { nodesOf, onNode, podOf } from './pod-container.ts';
import { portNumber } from './pod-ports.ts';

/** What a proxy subresource leads to: a server inside the cluster, or a kubelet. */
export type ProxyConnection =
  | {
      readonly type: 'proxy';
      readonly scheme: 'http' | 'https';
      /** `host:port` of the server, for its Host header. */
      readonly authority: string;
      connect(options: CallOptions): Promise<ByteConnection>;
    }
  /** Addresses that are on the network and belong to no Pod. */
  | { readonly type: 'proxy-address'; readonly scheme: 'http' | 'https'; readonly host: string; readonly port: number }
  | { readonly type: 'node'; request(options: CallOptions & { readonly method: string; readonly query: URLSearchParams }): Promise<NodeResponse> };

/** `pods/proxy`, `services/proxy` and `nodes/proxy`. */
export async function connectProxy(env: ConnectEnvironment, request: ConnectRequest): Promise<ProxyConnection> {
  switch (request.kind.plural) {
    case 'pods':
      return podProxy(env, request);
    case 'services':
      return serviceProxy(env, request);
    default:
      return nodeProxy(env, request);
  }
}

interface Named {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  readonly port: string;
}

/** `name`, `name:port` or `scheme:name:port`. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/net/util.go, port_split.go (SplitSchemeNamePort) */
function splitName(id: string, what: string): Named {
  const parts = id.split(':');
  const [scheme, name, port] = parts.length === 3 ? parts : ['', parts[0], parts[1] ?? ''];
  if (parts.length > 3 || name === undefined || name === '' || (scheme !== '' && scheme !== 'http' && scheme !== 'https'))
    throw badRequest(`invalid ${what} request ${JSON.stringify(id)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port: port ?? '' };
}

/** @see kubernetes v1.36 pkg/registry/core/pod/strategy.go (ResourceLocation) */
async function podProxy(env: ConnectEnvironment, request: ConnectRequest): Promise<ProxyConnection> {
  const { scheme, name, port } = splitName(request.name, 'pod');
  const pod = await podOf(env, { ...request, name });
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const number = port === '' ? (declared ?? (scheme === 'https' ? 443 : 80)) : portNumber(port);
  if (number === undefined) throw badRequest(`invalid pod request ${JSON.stringify(request.name)}`);
  const ip = pod.status?.podIP ?? '';
  if (ip === '') throw badRequest('address not allowed');
  return podConnection(env, pod, { scheme, ip, port: number });
}

function podConnection(
  env: ConnectEnvironment,
  pod: Pod,
  to: { readonly scheme: 'http' | 'https'; readonly ip: string; readonly port: number },
): ProxyConnection {
  const place = onNode(pod);
  const nodes = nodesOf(env);
  return {
    type: 'proxy',
    scheme: to.scheme,
    authority: `${to.ip.includes(':') ? `[${to.ip}]` : to.ip}:${String(to.port)}`,
    connect: (options) => nodes.connect(place, to.port, options),
  };
}

/** @see kubernetes v1.36 pkg/registry/core/service/storage/storage.go (ResourceLocation) */
async function serviceProxy(env: ConnectEnvironment, request: ConnectRequest): Promise<ProxyConnection> {
  const { scheme, name, port } = splitName(request.name, 'service');
  const service = (await env.lookup(request.kind, request.namespace, name)) as Service | undefined;
  if (service === undefined) throw objectNotFound(request.kind, name);
  const portName = servicePortName(service, port);
  const slices = (await env.state.range(listPrefix(env.resource(EndpointSlice as Kind), request.namespace))).records.map(
    ({ value }) => value as unknown as EndpointSlice,
  );
  const candidates = slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap(({ endpoints, ports }) => {
      const found = (ports ?? []).find((each) => (each.name ?? '') === portName)?.port;
      return found === undefined
        ? []
        : (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).map((endpoint) => ({ endpoint, port: found }));
    });
  const chosen = candidates[Math.floor(env.random.next() * candidates.length)];
  if (chosen === undefined) throw new ApiError('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(name)}`);
  const [ip = ''] = chosen.endpoint.addresses;
  const { targetRef } = chosen.endpoint;
  const pod = targetRef?.kind === 'Pod' ? ((await env.lookup(Pod as Kind, request.namespace, targetRef.name ?? '')) as Pod | undefined) : undefined;
  if (pod !== undefined) return podConnection(env, pod, { scheme, ip, port: chosen.port });
  if (isLocalAddress(ip)) throw badRequest('address not allowed');
  return { type: 'proxy-address', scheme, host: ip, port: chosen.port };
}

/** A port is named by its name or its number; without, a Service has to have only one. */
function servicePortName({ metadata, spec }: Service, wanted: string): string {
  const ports = spec?.ports ?? [];
  if (wanted === '') return ports.length === 1 ? (ports[0]?.name ?? '') : '';
  const number = portNumber(wanted);
  const found = ports.find((port) => (number === undefined ? port.name === wanted : port.port === number || port.name === wanted));
  if (found === undefined && number !== undefined)
    throw new ApiError('ServiceUnavailable', `no service port ${wanted} found for service ${JSON.stringify(metadata.name)}`);
  return found === undefined ? wanted : (found.name ?? '');
}

/** The server's own machine is not for those who come through a proxy. */
function isLocalAddress(ip: string): boolean {
  return /^(127\.|169\.254\.|0\.|::1$|fe80:)/i.test(ip);
}

/** @see kubernetes v1.36 pkg/registry/core/node/rest/proxy.go */
async function nodeProxy(env: ConnectEnvironment, request: ConnectRequest): Promise<ProxyConnection> {
  const { name } = splitName(request.name, 'node');
  if ((await env.lookup(Node as Kind, undefined, name)) === undefined) throw objectNotFound(request.kind, name);
  const nodes = nodesOf(env);
  return { type: 'node', request: (options) => nodes.request(name, { ...options, path: request.path === '' ? '/' : request.path }) };
}
