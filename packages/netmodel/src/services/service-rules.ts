import type { EndpointSlice, Service, ServicePort } from '@kybern/core/kinds';
import type { IpFamily } from '../ip.ts';
import type { Protocol } from '../policy/ends.ts';
import { chooseEndpoints, serviceBackends, type Backend, type Place } from './service-endpoints.ts';

/** By which of its addresses a Service is reached. */
export type FrontendKind = 'ClusterIP' | 'ExternalIP' | 'LoadBalancer' | 'NodePort';

/** What happens to a connection that finds no backend: it is refused, or dropped because another node could answer it. */
export type NoEndpoints = 'drop' | 'reject';

/** An address and port that the dataplane listens on for a Service. */
export interface Frontend {
  readonly kind: FrontendKind;
  /** Absent for a NodePort: every address of the node. */
  readonly ip?: string;
  readonly port: number;
  /** Where connections from outside of the cluster go. */
  readonly external: Destination;
  /** Where connections from Pods and nodes of the cluster go; the same as `external`, except under `externalTrafficPolicy: Local`. */
  readonly internal: Destination;
  /** Clients that may connect; absent for everyone. CIDRs, as the Service has them. */
  readonly sourceRanges?: readonly string[];
}

/** The backends of one kind of traffic. */
export interface Destination {
  readonly backends: readonly Backend[];
  /** Set when there are no backends. */
  readonly none?: NoEndpoints;
  /** Whether the client's address is kept: `Local` traffic is not masqueraded. */
  readonly keepsSource: boolean;
}

/** What the dataplane of one node does for one port of a Service in one address family. */
export interface ServiceRule {
  readonly namespace: string;
  readonly service: string;
  /** The port's name; empty for the only one of a Service. */
  readonly portName: string;
  readonly protocol: Protocol;
  readonly family: IpFamily;
  readonly frontends: readonly Frontend[];
  /** Seconds for which a client stays with the backend it got; absent without session affinity. */
  readonly affinitySeconds?: number;
  /** Port of the health check that tells load balancers whether this node has backends of its own. */
  readonly healthCheckNodePort?: number;
}

/** Kubernetes' default of `sessionAffinityConfig.clientIP.timeoutSeconds`: three hours. */
const AFFINITY_SECONDS = 10_800;

/**
 * What a node's dataplane does for a Service: one rule for each port and address family; none for ExternalName and headless Services, which
 * are answered by DNS alone.
 *
 * @param slices the EndpointSlices of the Service
 * @param place the node; without a name no backend is local
 * @see kubernetes v1.36 pkg/proxy/serviceport.go, pkg/proxy/topology.go, pkg/proxy/nftables/proxier.go (syncProxyRules)
 */
export function serviceRules(service: Service, slices: readonly EndpointSlice[], place: Place = {}): readonly ServiceRule[] {
  const { spec, metadata } = service;
  if (spec.type === 'ExternalName' || clusterIps(service).length === 0) return [];
  return families(service).flatMap((family) =>
    (spec.ports ?? []).map((port): ServiceRule => {
      const affinity = spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS) : undefined;
      return {
        namespace: metadata.namespace ?? 'default',
        service: metadata.name,
        portName: port.name ?? '',
        protocol: port.protocol ?? 'TCP',
        family,
        frontends: frontends(service, port, family, serviceBackends(port, family, slices), place),
        ...(affinity === undefined ? {} : { affinitySeconds: affinity }),
        ...(isLocal(service) && spec.healthCheckNodePort ? { healthCheckNodePort: spec.healthCheckNodePort } : {}),
      };
    }),
  );
}

/** The addresses that a Service has inside of the cluster; none when it is headless or has none yet. */
export function clusterIps({ spec }: Service): readonly string[] {
  const all = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return all.filter((ip) => ip !== '' && ip !== 'None');
}

const families = (service: Service): readonly IpFamily[] => [...new Set(clusterIps(service).map(familyOf))];
const familyOf = (ip: string): IpFamily => (ip.includes(':') ? 'IPv6' : 'IPv4');
const isLocal = ({ spec }: Service): boolean => spec.externalTrafficPolicy === 'Local' && (spec.type === 'NodePort' || spec.type === 'LoadBalancer');

function frontends(service: Service, port: ServicePort, family: IpFamily, backends: readonly Backend[], place: Place): readonly Frontend[] {
  const { spec } = service;
  const { cluster, local, anywhere } = chooseEndpoints(service, backends, place);
  const everywhere = destination(cluster, false, anywhere);
  const here = destination(local ?? [], true, anywhere);
  const ofCluster = spec.internalTrafficPolicy === 'Local' ? here : everywhere;
  const external = spec.externalTrafficPolicy === 'Local' ? here : everywhere;
  const ofFamily = (ips: readonly string[]): readonly string[] => ips.filter((ip) => familyOf(ip) === family);
  const outer = (kind: FrontendKind, ip: string): Frontend => ({ kind, ip, port: port.port, external, internal: everywhere });
  const ranges = (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter((range) => familyOf(range.split('/')[0] ?? '') === family);
  const limited = spec.loadBalancerSourceRanges !== undefined && spec.loadBalancerSourceRanges.length > 0 ? { sourceRanges: ranges } : {};
  return [
    ...ofFamily(clusterIps(service)).map((ip): Frontend => ({ kind: 'ClusterIP', ip, port: port.port, external: ofCluster, internal: ofCluster })),
    ...ofFamily(spec.externalIPs ?? []).map((ip) => outer('ExternalIP', ip)),
    ...ofFamily(loadBalancerIps(service)).map((ip): Frontend => ({ ...outer('LoadBalancer', ip), ...limited })),
    ...(port.nodePort === undefined || port.nodePort === 0 ? [] : [{ kind: 'NodePort', port: port.nodePort, external, internal: everywhere } as const]),
  ];
}

/** Addresses of load balancers that deliver packets as they are; one that proxies connections itself needs no rule. */
function loadBalancerIps({ spec, status }: Service): readonly string[] {
  if (spec.type !== 'LoadBalancer') return [];
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) => (ip === undefined || ipMode === 'Proxy' ? [] : [ip]));
}

function destination(backends: readonly Backend[], keepsSource: boolean, anywhere: boolean): Destination {
  return backends.length > 0 ? { backends, keepsSource } : { backends, keepsSource, none: anywhere ? 'drop' : 'reject' };
}
