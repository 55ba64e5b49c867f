import { getCondition } from '@kybern/core';
import type { Endpoint, EndpointPort, Node, Pod, Service, ServicePort } from '@kybern/core/kinds';
import { parseIp, type IpFamily } from './ip.ts';
import { containerPort, podIps } from './policy/ends.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** Endpoints that share an address family and ports: what one or several EndpointSlices hold. */
export interface EndpointGroup {
  readonly addressType: IpFamily;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** Options of {@link computeEndpoints}. */
export interface EndpointOptions {
  /**
   * Looks a node up by its name, for its zone. A Pod whose node is gone is left out, unless the Service publishes addresses that are not ready.
   * Default: nodes are not looked at.
   */
  readonly node?: (name: string) => Node | undefined;
}

/**
 * The endpoints of a Service: one per Pod that has an address and has not ended, in the order of `pods`, grouped by address family and by what
 * the Service's target ports are on the Pod (a named port may have another number on each).
 *
 * A terminating Pod stays, with `terminating` set and `ready` false. `serving` is whether the Pod is ready; `ready` is the same, except for
 * terminating Pods, and except that `publishNotReadyAddresses` makes all ready.
 *
 * @param pods those that the Service's selector selects
 * @returns the groups, without empty ones; none for a Service without selector or of type ExternalName
 * @see kubernetes v1.36 staging/src/k8s.io/endpointslice/reconciler.go, utils.go (podToEndpoint)
 */
export function computeEndpoints(service: Service, pods: readonly Pod[], options: EndpointOptions = {}): readonly EndpointGroup[] {
  if (service.spec.selector === undefined || service.spec.type === 'ExternalName') return [];
  const groups = new Map<string, EndpointGroup & { readonly endpoints: Endpoint[] }>();
  for (const pod of pods) {
    const node = nodeOf(pod, options);
    if (!isEndpoint(pod) || (node === 'gone' && service.spec.publishNotReadyAddresses !== true)) continue;
    const ports = endpointPorts(service, pod);
    for (const addressType of addressTypes(service)) {
      const addresses = podAddresses(pod, addressType);
      if (addresses.length === 0) continue;
      const key = `${addressType} ${JSON.stringify(ports)}`;
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      groups.set(key, group);
      group.endpoints.push(toEndpoint({ service, pod, addresses, node: node === 'gone' ? undefined : node }));
    }
  }
  return [...groups.values()];
}

/** The address families that a Service has endpoints of; IPv4 when it does not say. */
export function addressTypes(service: Service): readonly IpFamily[] {
  const families = (service.spec.ipFamilies ?? []).filter((family) => family !== '');
  return families.length === 0 ? ['IPv4'] : families;
}

/** Whether clients get the Pods' addresses instead of one of the Service. */
export const isHeadless = (service: Service): boolean => service.spec.clusterIP === 'None';

/**
 * The number of the port that a Service's port leads to on a Pod.
 *
 * @returns undefined when the target port is a name that no container of the Pod has with this protocol
 * @see kubernetes v1.36 staging/src/k8s.io/endpointslice/util/controller_utils.go (FindPort)
 */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  return containerPort(pod, target, port.protocol ?? 'TCP');
}

function nodeOf(pod: Pod, { node }: EndpointOptions): Node | 'gone' | undefined {
  const name = pod.spec.nodeName;
  return name === undefined || name === '' || node === undefined ? undefined : (node(name) ?? 'gone');
}

/** @see kubernetes v1.36 staging/src/k8s.io/endpointslice/util/controller_utils.go (ShouldPodBeInEndpoints) */
function isEndpoint({ status }: Pod): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  return (status?.podIP ?? '') !== '' || (status?.podIPs ?? []).length > 0;
}

function endpointPorts(service: Service, pod: Pod): readonly EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port): readonly EndpointPort[] => {
    const number = targetPort(pod, port);
    if (number === undefined) return [];
    const appProtocol = port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol };
    return [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', ...appProtocol }];
  });
}

function podAddresses(pod: Pod, family: IpFamily): readonly string[] {
  return podIps(pod).filter((ip) => parseIp(ip)?.family === family);
}

interface EndpointFacts {
  readonly service: Service;
  readonly pod: Pod;
  readonly addresses: readonly string[];
  readonly node: Node | undefined;
}

function toEndpoint({ service, pod, addresses, node }: EndpointFacts): Endpoint {
  const serving = getCondition(pod, 'Ready')?.status === 'True';
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { name, namespace, uid } = pod.metadata;
  const { hostname, subdomain, nodeName } = pod.spec;
  const zone = node?.metadata.labels?.[ZONE];
  const named = hostname !== undefined && hostname !== '' && subdomain === service.metadata.name && namespace === service.metadata.namespace;
  return {
    addresses,
    conditions: { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(named ? { hostname } : {}),
    ...(nodeName === undefined || nodeName === '' ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) },
    ...(zone === undefined || zone === '' ? {} : { zone }),
  };
}
