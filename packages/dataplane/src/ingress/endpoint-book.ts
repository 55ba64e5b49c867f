import type { EndpointSlice, Service } from '@kybern/core/kinds';
import { serviceBackends, type Backend, type RouteBackend } from '@kybern/netmodel';

/** A place where requests go. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** It speaks HTTP/2 without TLS: its Service's port has `appProtocol: kubernetes.io/h2c` (or `grpc`). Default: HTTP/1.1. */
  readonly http2?: boolean;
}

/** Which endpoints answer for which port of which Service. */
export interface EndpointBook {
  /** Replaces what is known of a Service, `namespace/name`. */
  readonly set: (key: string, service: Service, slices: readonly EndpointSlice[]) => void;
  readonly remove: (key: string) => void;
  /**
   * The endpoints to try for a request, in this order: each call begins with the next one. Those that are ready; if none is, those that end and serve yet.
   *
   * @returns none when there is no such Service or port, or nobody answers for it
   */
  readonly pick: (backend: RouteBackend) => readonly Endpoint[];
}

interface Port {
  readonly endpoints: readonly Endpoint[];
  next: number;
}

/** Makes an empty book. @param onGone told of endpoints that are to get no more requests */
export function createEndpointBook(onGone: (endpoint: Endpoint) => void = () => undefined): EndpointBook {
  const services = new Map<string, ReadonlyMap<string, Port>>();
  const tellGone = (before: ReadonlyMap<string, Port> | undefined, after: ReadonlyMap<string, Port> | undefined): void => {
    const kept = new Set([...(after?.values() ?? [])].flatMap(({ endpoints }) => endpoints.map(addressOf)));
    const gone = new Map([...(before?.values() ?? [])].flatMap(({ endpoints }) => endpoints.map((endpoint) => [addressOf(endpoint), endpoint])));
    for (const [address, endpoint] of gone) if (!kept.has(address)) onGone(endpoint);
  };
  const replace = (key: string, ports: ReadonlyMap<string, Port> | undefined): void => {
    const before = services.get(key);
    if (ports === undefined) services.delete(key);
    else services.set(key, ports);
    tellGone(before, ports);
  };
  return {
    set: (key, service, slices) => replace(key, portsOf(service, slices)),
    remove: (key) => replace(key, undefined),
    pick({ namespace, service, port: wanted }) {
      const port = services.get(`${namespace}/${service}`)?.get(String(wanted));
      if (port === undefined) return [];
      const { endpoints } = port;
      const at = port.next++ % Math.max(1, endpoints.length);
      return [...endpoints.slice(at), ...endpoints.slice(0, at)];
    },
  };
}

const addressOf = ({ ip, port }: Endpoint): string => `${ip} ${String(port)}`;

/** @see kubernetes KEP-3726 (Standard Application Protocols) */
const HTTP2: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'grpc', 'h2c']);

/** By number and by name. Names are no numbers, so that they do not meet. */
function portsOf(service: Service, slices: readonly EndpointSlice[]): ReadonlyMap<string, Port> {
  const ports = new Map<string, Port>();
  for (const port of service.spec.ports ?? []) {
    const http2 = port.appProtocol !== undefined && HTTP2.has(port.appProtocol) ? { http2: true } : {};
    const families = (['IPv4', 'IPv6'] as const).map((family) => usable(serviceBackends(port, family, slices)).map((endpoint) => ({ ...endpoint, ...http2 })));
    const entry: Port = { endpoints: families.find((each) => each.length > 0) ?? [], next: 0 };
    ports.set(String(port.port), entry);
    if (port.name !== undefined && port.name !== '') ports.set(port.name, entry);
  }
  return ports;
}

function usable(backends: readonly Backend[]): readonly Endpoint[] {
  const ready = backends.filter((backend) => backend.ready && !backend.terminating);
  return (ready.length > 0 ? ready : backends.filter(({ serving, terminating }) => serving && terminating)).map(({ ip, port }) => ({ ip, port }));
}
