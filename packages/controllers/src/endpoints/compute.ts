import { deepEqual, type NamedObjectMeta } from '@kybern/core';
import type { Endpoint, EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Service } from '@kybern/core/kinds';
import { addressTypes, isHeadless, type EndpointGroup } from '@kybern/netmodel/addresses';
import { withTriggerTime } from '../endpointslice/trigger-time.ts';

/** At most so many addresses are in an Endpoints object. */
const MOST_ADDRESSES = 1000;
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const HEADLESS = 'service.kubernetes.io/headless';

/** What {@link computeServiceEndpoints} looks at. */
export interface ServiceEndpointsInput {
  readonly service: Service;
  /** What the Service's endpoints are. */
  readonly groups: readonly EndpointGroup[];
  readonly current: Endpoints | undefined;
  /** Since when what is new has been so, RFC 3339; for the annotation of Endpoints that are written. */
  readonly triggerTime?: string | undefined;
}

/**
 * The Endpoints of a Service: the addresses of its first family, ready ones first where not all find room. Terminating Pods are left out unless the Service
 * publishes addresses that are not ready.
 *
 * @returns undefined when they are as they are
 * @see kubernetes v1.36 pkg/controller/endpoint/endpoints_controller.go (syncService)
 */
export function computeServiceEndpoints({ service, groups, current, triggerTime }: ServiceEndpointsInput): Endpoints | undefined {
  const [family] = addressTypes(service);
  const all = groups.filter(({ addressType }) => addressType === family).flatMap((group) => toSubset(service, group) ?? []);
  const subsets = truncated(all);
  const metadata = metadataOf(service, current, subsets !== all);
  const same =
    deepEqual(current?.subsets ?? [], subsets) &&
    deepEqual(current?.metadata.labels, metadata.labels) &&
    deepEqual(current?.metadata.annotations, metadata.annotations);
  if (current !== undefined && same) return undefined;
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: withTriggerTime(metadata, triggerTime), ...(subsets.length === 0 ? {} : { subsets }) };
}

function toSubset(service: Service, { ports, endpoints }: EndpointGroup): EndpointSubset | undefined {
  if (ports.length === 0 && (service.spec.ports ?? []).length > 0) return undefined;
  const publishAll = service.spec.publishNotReadyAddresses === true;
  const shown = endpoints.filter(({ conditions }) => publishAll || conditions?.terminating !== true);
  const isReady = ({ conditions }: Endpoint): boolean => publishAll || conditions?.ready === true;
  const addresses = shown.filter(isReady).map(toAddress).sort(byIp);
  const notReadyAddresses = shown
    .filter((endpoint) => !isReady(endpoint))
    .map(toAddress)
    .sort(byIp);
  if (addresses.length + notReadyAddresses.length === 0) return undefined;
  return {
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
    ...(ports.length === 0 ? {} : { ports: ports.map(toPort) }),
  };
}

function toAddress({ addresses, hostname, nodeName, targetRef }: Endpoint): EndpointAddress {
  return {
    ip: addresses[0] ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

const byIp = (a: EndpointAddress, b: EndpointAddress): number => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0);

function toPort({ name = '', port = 0, protocol = 'TCP', appProtocol }: EndpointGroup['ports'][number]): EndpointPort {
  return { ...(name === '' ? {} : { name }), port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

/** @see kubernetes v1.36 pkg/controller/endpoint/endpoints_controller.go (truncateEndpoints) */
function truncated(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const count = (of: 'addresses' | 'notReadyAddresses'): number => subsets.reduce((total, subset) => total + (subset[of]?.length ?? 0), 0);
  if (count('addresses') + count('notReadyAddresses') <= MOST_ADDRESSES) return subsets;
  let [ready, notReady] = [MOST_ADDRESSES, Math.max(0, MOST_ADDRESSES - count('addresses'))];
  return subsets.flatMap((subset) => {
    const { addresses = [], notReadyAddresses = [], ...rest } = subset;
    const kept = [addresses.slice(0, ready), notReadyAddresses.slice(0, notReady)] as const;
    ready -= kept[0].length;
    notReady -= kept[1].length;
    if (kept[0].length + kept[1].length === 0) return [];
    return [{ ...rest, ...(kept[0].length === 0 ? {} : { addresses: kept[0] }), ...(kept[1].length === 0 ? {} : { notReadyAddresses: kept[1] }) }];
  });
}

function metadataOf(service: Service, current: Endpoints | undefined, isTruncated: boolean): NamedObjectMeta {
  const { name, namespace } = service.metadata;
  const { [HEADLESS]: _, ...labels } = service.metadata.labels ?? {};
  const { [OVER_CAPACITY]: __, ...annotations } = current?.metadata.annotations ?? {};
  const wanted = { ...annotations, ...(isTruncated ? { [OVER_CAPACITY]: 'truncated' } : {}) };
  const { annotations: ___, ...metadata } = current?.metadata ?? { name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    ...metadata,
    labels: { ...labels, [MANAGED_BY]: 'endpoint-controller', ...(isHeadless(service) ? { [HEADLESS]: '' } : {}) },
    ...(Object.keys(wanted).length === 0 ? {} : { annotations: wanted }),
  };
}
