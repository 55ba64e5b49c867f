import type { Endpoint, EndpointSlice, Service, ServicePort } from '@kybern/core/kinds';
import type { IpFamily } from '../ip.ts';
import type { Protocol } from '../policy/ends.ts';

/** One place where a Service's port is answered. */
export interface Backend {
  readonly ip: string;
  readonly port: number;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
  /** `namespace/name` of the Pod behind it, if it is one. */
  readonly pod: string | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly forZones: readonly string[] | undefined;
  readonly forNodes: readonly string[] | undefined;
}

/** The node that rules are computed for. */
export interface Place {
  readonly nodeName?: string;
  readonly zone?: string;
}

/** The label by which an EndpointSlice belongs to a Service. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/**
 * Where a port of a Service is answered, of one address family, in order of address and port; an endpoint that several slices hold counts once,
 * and its ready form wins.
 *
 * @param slices those of the Service, of any family
 * @see kubernetes v1.36 pkg/proxy/endpointslicecache.go (endpointInfoByServicePort)
 */
export function serviceBackends(port: ServicePort, family: IpFamily, slices: readonly EndpointSlice[]): readonly Backend[] {
  const lists = slices.flatMap((slice) => (slice.addressType === family ? [backendsOf(slice, port)] : []));
  const [only] = lists;
  const all = lists.length === 1 && only !== undefined ? only : unique(lists.flat());
  return all.sort((a, b) => compareText(a.ip, b.ip) || a.port - b.port);
}

function backendsOf(slice: EndpointSlice, port: ServicePort): Backend[] {
  const match = slice.ports?.find((each) => samePort(each, port))?.port;
  if (match === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => toBackend(endpoint, match) ?? []);
}

function unique(backends: readonly Backend[]): Backend[] {
  const found = new Map<string, Backend>();
  for (const backend of backends) {
    const key = `${backend.ip} ${String(backend.port)}`;
    const known = found.get(key);
    if (known === undefined || (!known.ready && backend.ready)) found.set(key, backend);
  }
  return [...found.values()];
}

type SlicePort = NonNullable<EndpointSlice['ports']>[number];
const samePort = (slicePort: SlicePort, port: ServicePort): boolean =>
  (slicePort.name ?? '') === (port.name ?? '') && (slicePort.protocol ?? 'TCP') === ((port.protocol ?? 'TCP') satisfies Protocol);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Only an endpoint's first address counts, and what is not said of its conditions is taken as good. */
function toBackend({ addresses, conditions, hints, nodeName, targetRef, zone }: Endpoint, port: number): Backend | undefined {
  const ip = addresses[0];
  if (ip === undefined) return undefined;
  const ready = conditions?.ready ?? true;
  return {
    ip,
    port,
    nodeName,
    zone,
    pod: targetRef?.kind === 'Pod' ? `${targetRef.namespace ?? 'default'}/${targetRef.name ?? ''}` : undefined,
    ready,
    serving: conditions?.serving ?? ready,
    terminating: conditions?.terminating ?? false,
    forZones: hints?.forZones?.map(({ name }) => name),
    forNodes: hints?.forNodes?.map(({ name }) => name),
  };
}

/** The backends that traffic under each policy goes to. */
export interface EndpointChoice {
  /** For the traffic policy `Cluster`. */
  readonly cluster: readonly Backend[];
  /** For the traffic policy `Local`: only those on this node. Undefined when the Service uses `Local` nowhere. */
  readonly local: readonly Backend[] | undefined;
  /** Whether anything answers anywhere, also when nothing does for this node's policy: then traffic is dropped instead of refused. */
  readonly anywhere: boolean;
}

/**
 * Chooses among the backends: those that are ready; if none is, those that are terminating but still serve. Under `Cluster` the topology hints
 * narrow the choice to this node's or zone's, if every ready backend has a hint and at least one is for here.
 *
 * @see kubernetes v1.36 pkg/proxy/topology.go (CategorizeEndpoints)
 */
export function chooseEndpoints(service: Service, backends: readonly Backend[], place: Place): EndpointChoice {
  const cluster = usesPolicy(service, 'Cluster') ? orTerminating(backends, (ready) => hinted(ready, place)) : [];
  const local = usesPolicy(service, 'Local')
    ? orTerminating(backends.filter(({ nodeName }) => nodeName !== undefined && nodeName === place.nodeName))
    : undefined;
  return { cluster, local, anywhere: backends.some(usable) };
}

const usable = (backend: Backend): boolean => backend.ready || (backend.serving && backend.terminating);

function orTerminating(backends: readonly Backend[], narrow: (ready: readonly Backend[]) => readonly Backend[] = (ready) => ready): readonly Backend[] {
  const ready = backends.filter((backend) => backend.ready);
  return ready.length > 0 ? narrow(ready) : backends.filter(({ serving, terminating }) => serving && terminating);
}

/** Hints for nodes come before hints for zones; if some ready backend has none, or none is for here, hints are passed over. */
function hinted(ready: readonly Backend[], { nodeName, zone }: Place): readonly Backend[] {
  const forHere = (hint: (backend: Backend) => readonly string[] | undefined, here: string | undefined): readonly Backend[] => {
    if (here === undefined || here === '' || !ready.every((backend) => (hint(backend) ?? []).length > 0)) return [];
    return ready.filter((backend) => hint(backend)?.includes(here));
  };
  const byNode = forHere(({ forNodes }) => forNodes, nodeName);
  if (byNode.length > 0) return byNode;
  const byZone = forHere(({ forZones }) => forZones, zone);
  return byZone.length > 0 ? byZone : ready;
}

/** Whether some traffic to the Service is under this policy. */
function usesPolicy({ spec }: Service, policy: 'Cluster' | 'Local'): boolean {
  const internal = spec.internalTrafficPolicy ?? 'Cluster';
  if (internal === policy) return true;
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0;
  if (!external) return false;
  // Traffic from inside to an external address of a Service with `Local` goes to all endpoints.
  return policy === 'Cluster' || spec.externalTrafficPolicy === 'Local';
}
