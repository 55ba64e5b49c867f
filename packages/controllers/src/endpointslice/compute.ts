import { deepEqual, isControlledBy, ownerReference, type ObjectMeta } from '@kybern/core';
import { Service, type Endpoint, type EndpointSlice } from '@kybern/core/kinds';
import { addressTypes, isHeadless, type EndpointGroup } from '@kybern/netmodel/addresses';
import { stableJson } from '../stable-json.ts';
import { withTriggerTime } from './trigger-time.ts';

/** The label that names an EndpointSlice's Service. */
export const SERVICE_NAME = 'kubernetes.io/service-name';
/** The label that names who writes an EndpointSlice. */
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
/** The value of {@link MANAGED_BY} for slices of this controller. */
export const CONTROLLER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const RESERVED_LABELS: readonly string[] = [SERVICE_NAME, MANAGED_BY, HEADLESS];

/** What {@link computeEndpointSlices} looks at. */
export interface EndpointSliceInput {
  readonly service: Service;
  /** What the Service's endpoints are. */
  readonly groups: readonly EndpointGroup[];
  /** The slices of the Service that this controller manages. */
  readonly slices: readonly EndpointSlice[];
  /** Since when what is new has been so, RFC 3339; for the annotation of slices that are written. */
  readonly triggerTime?: string | undefined;
  /** Default 100. */
  readonly maxEndpointsPerSlice?: number;
}

/** A slice that does not exist yet. */
export type NewEndpointSlice = Pick<EndpointSlice, 'addressType' | 'ports' | 'endpoints'> & { readonly metadata: ObjectMeta };

/** What to do so that the slices say what the endpoints are. */
export interface EndpointSlicePlan {
  readonly create: readonly NewEndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** A slice while the plan grows. */
interface Filling {
  readonly slice: EndpointSlice;
  readonly endpoints: readonly Endpoint[];
  readonly changed: boolean;
}

/** What becomes of the slices of one group. */
interface GroupPlan {
  readonly kept: readonly Filling[];
  readonly emptied: readonly EndpointSlice[];
  readonly fresh: readonly NewEndpointSlice[];
}

/**
 * Spreads endpoints over slices with few writes: an endpoint stays in the slice where it is, new ones go where writes are needed anyway or where
 * they fit best, slices are not levelled out. A family without endpoints keeps one empty slice. A slice that nothing changes is not in the plan.
 *
 * Pure: reads only `input`; the same input gives the same plan.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/endpointslice/reconciler.go (Reconcile, reconcileByPortMapping, finalize)
 */
export function computeEndpointSlices({ service, groups, slices, triggerTime, maxEndpointsPerSlice = 100 }: EndpointSliceInput): EndpointSlicePlan {
  const metadata = sliceMetadata(service);
  const taken = new Set<EndpointSlice>();
  const plans = groups.map((group) => {
    const own = slices.filter((slice) => slice.addressType === group.addressType && samePorts(slice, group));
    for (const slice of own) taken.add(slice);
    return fillGroup(group, own, { metadata, max: maxEndpointsPerSlice });
  });
  const unused = slices.filter((slice) => !taken.has(slice));
  const placeholders = addressTypes(service)
    .filter((addressType) => !groups.some((group) => group.addressType === addressType))
    .map((addressType): NewEndpointSlice => ({ metadata, addressType, endpoints: [], ports: [] }));
  const fresh = [...plans.flatMap((plan) => plan.fresh), ...placeholders];
  const kept = plans.flatMap((plan) => plan.kept);
  const { create, update, remove } = recycle({ service, metadata, kept, fresh, surplus: [...plans.flatMap((plan) => plan.emptied), ...unused] });
  const stamped = <S extends EndpointSlice | NewEndpointSlice>(slice: S): S => ({ ...slice, metadata: withTriggerTime(slice.metadata, triggerTime) });
  return { create: create.map(stamped), update: update.map(stamped), remove };
}

/** The slices' metadata: the Service's labels and those that find the Service. */
function sliceMetadata(service: Service): ObjectMeta {
  const inherited = Object.entries(service.metadata.labels ?? {}).filter(([name]) => !RESERVED_LABELS.includes(name));
  const { name, namespace } = service.metadata;
  return {
    generateName: `${name}-`,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...Object.fromEntries(inherited), ...(isHeadless(service) ? { [HEADLESS]: '' } : {}), [SERVICE_NAME]: name, [MANAGED_BY]: CONTROLLER },
    ownerReferences: [ownerReference(Service, service, { controller: true })],
  };
}

const portsKey = (ports: EndpointSlice['ports']): string => [...(ports ?? [])].map(stableJson).sort().join();

const samePorts = (slice: EndpointSlice, group: EndpointGroup): boolean =>
  deepEqual(slice.ports ?? [], group.ports) || portsKey(slice.ports) === portsKey(group.ports);

const endpointKey = (endpoint: Endpoint): string => endpoint.targetRef?.uid ?? endpoint.addresses.join();

interface GroupOptions {
  readonly metadata: ObjectMeta;
  readonly max: number;
}

function fillGroup(group: EndpointGroup, slices: readonly EndpointSlice[], { metadata, max }: GroupOptions): GroupPlan {
  const missing = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const present = [...slices].sort(byName).map((slice) => keepDesired(slice, missing, max));
  const kept = present.filter((filling) => filling.endpoints.length > 0);
  const emptied = present.filter((filling) => filling.endpoints.length === 0).map((filling) => filling.slice);
  const rest = [...missing.values()].sort((a, b) => compareText(a.targetRef?.name ?? '', b.targetRef?.name ?? ''));
  const filled = fillChanged(kept, rest, max);
  const placed = fillBest(filled.fillings, filled.rest, max);
  return {
    kept: placed.fillings,
    emptied,
    fresh: chunk(placed.rest, max).map((endpoints) => ({ metadata, addressType: group.addressType, ports: group.ports, endpoints })),
  };
}

/** Leaves in a slice what is desired, as it is desired, and strikes it from `missing`. */
function keepDesired(slice: EndpointSlice, missing: Map<string, Endpoint>, max: number): Filling {
  let changed = false;
  const endpoints: Endpoint[] = [];
  for (const endpoint of slice.endpoints ?? []) {
    const key = endpointKey(endpoint);
    const desired = missing.get(key);
    if (desired === undefined || endpoints.length === max) {
      changed = true;
      continue;
    }
    missing.delete(key);
    const same = deepEqual(endpoint, desired);
    changed ||= !same;
    endpoints.push(same ? endpoint : desired);
  }
  return { slice, endpoints, changed };
}

interface Placed {
  readonly fillings: readonly Filling[];
  readonly rest: readonly Endpoint[];
}

/** Slices that are written anyway are filled up, the fullest first. */
function fillChanged(fillings: readonly Filling[], endpoints: readonly Endpoint[], max: number): Placed {
  let rest = endpoints;
  const filled = new Map<Filling, Filling>();
  for (const filling of fillings.filter((each) => each.changed).sort((a, b) => b.endpoints.length - a.endpoints.length)) {
    const added = rest.slice(0, max - filling.endpoints.length);
    rest = rest.slice(added.length);
    filled.set(filling, { ...filling, endpoints: [...filling.endpoints, ...added] });
  }
  return { fillings: fillings.map((filling) => filled.get(filling) ?? filling), rest };
}

/** What is still left goes into the fullest slice that has room for all of it, if there is one; whole slices' worth of it are split off first. */
function fillBest(fillings: readonly Filling[], rest: readonly Endpoint[], max: number): Placed {
  const remainder = rest.length % max;
  if (remainder === 0) return { fillings, rest };
  const fits = fillings.filter((filling) => !filling.changed && filling.endpoints.length + remainder <= max);
  const best = fits.sort((a, b) => b.endpoints.length - a.endpoints.length)[0];
  if (best === undefined) return { fillings, rest };
  const grown: Filling = { ...best, endpoints: [...best.endpoints, ...rest.slice(rest.length - remainder)], changed: true };
  return { fillings: fillings.map((filling) => (filling === best ? grown : filling)), rest: rest.slice(0, rest.length - remainder) };
}

interface Recycling {
  readonly service: Service;
  readonly metadata: ObjectMeta;
  readonly kept: readonly Filling[];
  readonly fresh: readonly NewEndpointSlice[];
  readonly surplus: readonly EndpointSlice[];
}

/** A slice that would go and one that would come are one write when they are of one family. */
function recycle({ service, metadata, kept, fresh, surplus }: Recycling): EndpointSlicePlan {
  const create = [...fresh];
  const remove: EndpointSlice[] = [];
  const update = kept.map(({ slice, endpoints, changed }) => withContent(slice, metadata, changed ? { ...slice, endpoints } : slice));
  const updates = update.filter((slice, i) => slice !== kept[i]?.slice);
  for (const slice of surplus) {
    const at = isControlledBy(slice, service) ? create.findLastIndex((each) => each.addressType === slice.addressType) : -1;
    const content = at < 0 ? undefined : create.splice(at, 1)[0];
    const recycled = content === undefined ? undefined : withContent(slice, metadata, content);
    if (recycled === undefined) remove.push(slice);
    else if (recycled !== slice) updates.push(recycled);
  }
  return { create, update: updates, remove };
}

/** The slice with that content and the labels and owner that it shall have; the same object when it is so already. */
function withContent(
  slice: EndpointSlice,
  { labels = {}, ownerReferences = [] }: ObjectMeta,
  { ports, endpoints }: Pick<EndpointSlice, 'ports' | 'endpoints'>,
): EndpointSlice {
  const same = deepEqual(slice.endpoints ?? [], endpoints ?? []) && deepEqual(slice.ports ?? [], ports ?? []);
  const sameMeta = deepEqual(slice.metadata.labels, labels) && deepEqual(slice.metadata.ownerReferences, ownerReferences);
  if (same && sameMeta) return slice;
  return { ...slice, metadata: sameMeta ? slice.metadata : { ...slice.metadata, labels, ownerReferences }, endpoints: endpoints ?? [], ports: ports ?? [] };
}

function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

const byName = (a: EndpointSlice, b: EndpointSlice): number => compareText(a.metadata.name, b.metadata.name);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
