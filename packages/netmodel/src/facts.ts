import type { Labels } from '@kybern/core';
import type { EndpointSlice, Pod, Service } from '@kybern/core/kinds';
import { podResolverConfig, type ResolverConfig } from './dns/resolve.ts';
import { createDnsZone, type DnsZone } from './dns/zone.ts';
import { computeEndpoints } from './endpoints.ts';
import { UnknownEndError } from './errors.ts';
import { parseIp } from './ip.ts';
import type { NetworkObjects } from './objects.ts';
import { NAMESPACE_NAME_LABEL, podIps, type ConnectionEnd } from './policy/ends.ts';
import { SERVICE_NAME_LABEL } from './services/service-endpoints.ts';
import { groupSlices } from './services/slice-index.ts';

/**
 * Who is at one end of a connection: a Pod as `namespace/name` (a name alone is in `default`), an address, `node/NAME`, or a
 * {@link ConnectionEnd}.
 */
export type EndName = ConnectionEnd | string;

/** Who asks the DNS: any Pod of a namespace, or a certain one, `namespace/name`. */
export type Asker = { readonly namespace: string } | { readonly pod: string };

/** What the questions of a network model need to know of the objects. */
export interface NetworkFacts {
  readonly zone: DnsZone;
  readonly services: readonly Service[];
  readonly slices: (service: Service) => readonly EndpointSlice[];
  /** @throws {UnknownEndError} when the Pod or node is not among the objects */
  readonly end: (name: EndName) => ConnectionEnd;
  readonly pod: (name: string) => Pod | undefined;
  readonly namespaceLabels: (name: string) => Labels;
  readonly resolver: (asker: Asker) => ResolverConfig;
}

/** Indexes the objects and fills the DNS zone from them. */
export function createFacts(objects: NetworkObjects, options: { readonly domain?: string; readonly clusterDns?: readonly string[] }): NetworkFacts {
  const pods = new Map(objects.pods.map((pod) => [keyOf(pod), pod]));
  const namespaces = new Map(objects.namespaces.map(({ metadata }) => [metadata.name, { ...metadata.labels, [NAMESPACE_NAME_LABEL]: metadata.name }]));
  const byIp = new Map(objects.pods.filter(({ spec }) => spec.hostNetwork !== true).flatMap((pod) => podIps(pod).map((ip) => [ip, pod] as const)));
  const slices = sliceSource(objects);
  const namespaceLabels = (name: string): Labels => namespaces.get(name) ?? { [NAMESPACE_NAME_LABEL]: name };
  const podEnd = (pod: Pod): ConnectionEnd => ({ pod, namespaceLabels: namespaceLabels(pod.metadata.namespace ?? 'default') });
  const podNamed = (name: string): Pod => pods.get(qualified(name)) ?? unknown(`Pod ${qualified(name)}`);
  return {
    services: objects.services,
    slices,
    namespaceLabels,
    pod: (name) => pods.get(qualified(name)),
    zone: fillZone(objects, slices, options.domain),
    end: (name) => {
      if (typeof name !== 'string') return name;
      if (name.startsWith('node/')) return nodeEnd(objects, name.slice('node/'.length));
      const pod = byIp.get(name);
      if (pod !== undefined) return podEnd(pod);
      return parseIp(name) === undefined ? podEnd(podNamed(name)) : { ip: name };
    },
    resolver: (asker) => {
      const pod = 'pod' in asker ? podNamed(asker.pod) : anyPod(asker.namespace);
      return podResolverConfig(pod, { clusterDns: options.clusterDns ?? [], ...(options.domain === undefined ? {} : { domain: options.domain }) });
    },
  };
}

const keyOf = ({ metadata }: Pod | Service): string => `${metadata.namespace ?? 'default'}/${metadata.name}`;
const qualified = (name: string): string => (name.includes('/') ? name : `default/${name}`);
const anyPod = (namespace: string): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'any', namespace }, spec: { containers: [] } });

function unknown(what: string): never {
  throw new UnknownEndError(`${what} is not among the objects`);
}

function nodeEnd({ nodes }: NetworkObjects, name: string): ConnectionEnd {
  const node = nodes.find(({ metadata }) => metadata.name === name) ?? unknown(`Node ${name}`);
  return { node: name, ips: (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP').map(({ address }) => address) };
}

/** A Service's slices, or those that its selector makes of the Pods when there are none among the objects. */
function sliceSource({ endpointSlices, nodes, pods }: NetworkObjects): NetworkFacts['slices'] {
  const given = groupSlices(endpointSlices);
  const known = new Map(nodes.map((node) => [node.metadata.name, node]));
  const made = new Map<Service, readonly EndpointSlice[]>();
  return (service) => {
    const slices = given.get(keyOf(service)) ?? made.get(service) ?? makeSlices(service, pods, nodes.length === 0 ? {} : { node: (name) => known.get(name) });
    made.set(service, slices);
    return slices;
  };
}

function makeSlices(service: Service, pods: readonly Pod[], options: Parameters<typeof computeEndpoints>[2]): readonly EndpointSlice[] {
  const namespace = service.metadata.namespace ?? 'default';
  const labels = Object.entries(service.spec.selector ?? {});
  if (labels.length === 0) return [];
  const selected = pods.filter(
    ({ metadata }) => (metadata.namespace ?? 'default') === namespace && labels.every(([key, value]) => metadata.labels?.[key] === value),
  );
  return computeEndpoints(service, selected, options).map(({ addressType, endpoints, ports }, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service.metadata.name}-${String(index)}`, namespace, labels: { [SERVICE_NAME_LABEL]: service.metadata.name } },
    addressType,
    endpoints,
    ports,
  }));
}

function fillZone(objects: NetworkObjects, slices: NetworkFacts['slices'], domain: string | undefined): DnsZone {
  const zone = createDnsZone(domain === undefined ? {} : { domain });
  const namespaced = [...objects.pods, ...objects.services].map(({ metadata }) => metadata.namespace ?? 'default');
  for (const name of new Set([...objects.namespaces.map(({ metadata }) => metadata.name), ...namespaced])) zone.setNamespace(name);
  for (const service of objects.services) zone.setService(service, slices(service));
  return zone;
}
