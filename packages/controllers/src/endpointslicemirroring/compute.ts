import { deepEqual, ownerReference, type ObjectMeta } from '@kybern/core';
import { Endpoints, type Endpoint, type EndpointAddress, type EndpointSlice, type EndpointSubset, type Service } from '@kybern/core/kinds';
import { parseIp, type IpFamily } from '@kybern/netmodel/addresses';
import { MANAGED_BY, SERVICE_NAME, type EndpointSlicePlan, type NewEndpointSlice } from '../endpointslice/compute.ts';
import { stableJson } from '../stable-json.ts';

/** The value of {@link MANAGED_BY} for slices of this controller. */
export const MIRRORING_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const NOT_COPIED: readonly string[] = ['endpoints.kubernetes.io/last-change-trigger-time', 'kubectl.kubernetes.io/last-applied-configuration'];
/** At most so many addresses of a subset are mirrored. */
const MOST_ADDRESSES = 1000;

/** What {@link computeMirroredSlices} looks at. */
export interface MirroringInput {
  readonly endpoints: Endpoints | undefined;
  readonly service: Service | undefined;
  /** The slices that mirror the Endpoints. */
  readonly slices: readonly EndpointSlice[];
}

/**
 * Computes the slices that say the same as Endpoints which somebody wrote for a Service without a selector: one per subset and address family.
 *
 * @see kubernetes v1.36 pkg/controller/endpointslicemirroring/reconciler.go, utils.go
 */
export function computeMirroredSlices({ endpoints, service, slices }: MirroringInput): EndpointSlicePlan {
  if (endpoints === undefined || !isMirrored(endpoints, service)) return { create: [], update: [], remove: slices };
  const left = new Map(slices.map((slice) => [portsKey(slice), slice]));
  const update: EndpointSlice[] = [];
  const create: NewEndpointSlice[] = [];
  for (const wanted of wantedSlices(endpoints)) {
    const key = portsKey(wanted);
    const current = left.get(key);
    left.delete(key);
    if (current === undefined) create.push(wanted);
    else if (!isSame(current, wanted))
      update.push({ ...current, metadata: { ...current.metadata, ...withoutName(wanted.metadata) }, endpoints: wanted.endpoints ?? [] });
  }
  const kept = new Set(left.values());
  // Of several slices with the same ports one is enough.
  const doubled = slices.filter((slice) => slices.findLast((other) => portsKey(other) === portsKey(slice)) !== slice);
  return { create, update, remove: [...new Set([...kept, ...doubled])] };
}

/** Whether Endpoints are mirrored at all. */
export function isMirrored({ metadata }: Endpoints, service: Service | undefined): boolean {
  if (service === undefined || Object.keys(service.spec.selector ?? {}).length > 0 || metadata.deletionTimestamp !== undefined) return false;
  return metadata.labels?.[SKIP_MIRROR] !== 'true' && metadata.annotations?.[LEADER] === undefined;
}

const portsKey = ({ addressType, ports = [] }: Pick<EndpointSlice, 'addressType' | 'ports'>): string => `${addressType} ${stableJson(ports)}`;

function isSame(slice: EndpointSlice, wanted: NewEndpointSlice): boolean {
  const { labels, annotations = {}, ownerReferences } = slice.metadata;
  return (
    deepEqual(slice.endpoints, wanted.endpoints) &&
    deepEqual(labels, wanted.metadata.labels) &&
    deepEqual(annotations, wanted.metadata.annotations ?? {}) &&
    deepEqual(ownerReferences, wanted.metadata.ownerReferences)
  );
}

const withoutName = ({ generateName: _, ...metadata }: ObjectMeta): ObjectMeta => metadata;

function wantedSlices(endpoints: Endpoints): readonly NewEndpointSlice[] {
  const merged = new Map<string, NewEndpointSlice>();
  for (const subset of endpoints.subsets ?? []) {
    const ports = (subset.ports ?? []).map(({ name = '', protocol = 'TCP', ...port }) => ({ name, protocol, ...port }));
    for (const addressType of ['IPv4', 'IPv6'] as const) {
      const own = endpointsOf(subset, addressType);
      if (own.length === 0) continue;
      const slice: NewEndpointSlice = { metadata: metadataOf(endpoints), addressType, ports, endpoints: own };
      const other = merged.get(portsKey(slice));
      merged.set(portsKey(slice), other === undefined ? slice : { ...other, endpoints: [...(other.endpoints ?? []), ...own] });
    }
  }
  return [...merged.values()];
}

function endpointsOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset, family: IpFamily): readonly Endpoint[] {
  const toEndpoint =
    (ready: boolean) =>
    ({ ip, hostname, nodeName, targetRef }: EndpointAddress): Endpoint => ({
      addresses: [ip],
      conditions: { ready },
      ...(hostname === undefined ? {} : { hostname }),
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(targetRef === undefined ? {} : { targetRef }),
    });
  const ofFamily = ({ ip }: EndpointAddress): boolean => parseIp(ip)?.family === family;
  return [...addresses.filter(ofFamily).map(toEndpoint(true)), ...notReadyAddresses.filter(ofFamily).map(toEndpoint(false))].slice(0, MOST_ADDRESSES);
}

function metadataOf(endpoints: Endpoints): ObjectMeta {
  const { name, namespace, labels } = endpoints.metadata;
  const annotations = Object.fromEntries(Object.entries(endpoints.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.includes(key)));
  return {
    generateName: `${name}-`,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MIRRORING_CONTROLLER },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ownerReferences: [ownerReference(Endpoints, endpoints, { controller: true })],
  };
}
