import { parseQuantity, quantityToMillis } from '@kybern/core';
import type { Endpoint, Node, Service } from '@kybern/core/kinds';
import type { EndpointGroup } from '@kybern/netmodel/addresses';
import type { PlannedEvent } from '../planned-event.ts';

const ZONE = 'topology.kubernetes.io/zone';
const MODE = 'service.kubernetes.io/topology-mode';
const DEPRECATED_MODE = 'service.kubernetes.io/topology-aware-hints';
const CONTROL_PLANE: readonly string[] = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
/** No endpoint shall have more than so much more than its share. */
const OVERLOAD = 0.2;

/** The endpoints with their hints, and why there are none where there should be. */
export interface HintedGroups {
  readonly groups: readonly EndpointGroup[];
  /** Undefined where hints are as the Service asks. */
  readonly disabled: string | undefined;
}

/** Whether hints are to spread traffic over zones by what they can bear. */
export function wantsAutoHints({ metadata: { annotations = {} } }: Service): boolean {
  const mode = annotations[MODE] ?? annotations[DEPRECATED_MODE];
  return mode === 'Auto' || mode === 'auto';
}

/**
 * Tells proxies which endpoints are for whom: by `spec.trafficDistribution` each for its own zone (or node), or by the annotation `topology-mode: Auto` so that each zone has as
 * large a part of the endpoints as of the CPUs.
 *
 * Pure: reads only its arguments; the same ones give the same hints.
 *
 * Differs from Kubernetes: `Auto` looks at all endpoints anew, in their order, instead of keeping hints until a zone is overloaded.
 *
 * @param nodes only called for `Auto`
 * @see kubernetes v1.36 staging/src/k8s.io/endpointslice/trafficdist/trafficdist.go, topologycache/topologycache.go
 */
export function hintEndpoints(service: Service, groups: readonly EndpointGroup[], nodes: () => readonly Node[]): HintedGroups {
  if (wantsAutoHints(service)) return autoHints(groups, nodes());
  const { trafficDistribution } = service.spec;
  const sameNode = trafficDistribution === 'PreferSameNode';
  if (!sameNode && trafficDistribution !== 'PreferClose' && trafficDistribution !== 'PreferSameZone') return { groups, disabled: undefined };
  return { groups: groups.map((group) => ({ ...group, endpoints: group.endpoints.map((endpoint) => closeHints(endpoint, sameNode)) })), disabled: undefined };
}

/** The event about a change of hints that nobody asked for, or that somebody waited for. */
export function hintEvent(before: boolean, { groups, disabled }: HintedGroups): PlannedEvent | undefined {
  const [group] = groups;
  if (group === undefined) return undefined;
  const family = `, addressType: ${group.addressType}`;
  if (disabled !== undefined) return before ? { type: 'Warning', reason: 'TopologyAwareHintsDisabled', message: disabled + family } : undefined;
  return before ? undefined : { type: 'Normal', reason: 'TopologyAwareHintsEnabled', message: `Topology Aware Hints has been enabled${family}` };
}

function closeHints(endpoint: Endpoint, sameNode: boolean): Endpoint {
  const { zone, nodeName } = endpoint;
  const forNodes = sameNode && nodeName !== undefined ? { forNodes: [{ name: nodeName }] } : {};
  const forZones = zone === undefined ? {} : { forZones: [{ name: zone }] };
  if (endpoint.conditions?.ready !== true || (zone === undefined && (!sameNode || nodeName === undefined))) return endpoint;
  return { ...endpoint, hints: { ...forNodes, ...forZones } };
}

function autoHints(groups: readonly EndpointGroup[], nodes: readonly Node[]): HintedGroups {
  const ratios = cpuRatios(nodes);
  if (ratios === undefined) return { groups, disabled: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes' };
  const hinted = new Map<Endpoint, string>();
  for (const [, family] of Map.groupBy(groups, ({ addressType }) => addressType)) {
    const ready = family.flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready === true));
    const zones = zonesOf(ready, ratios);
    if (typeof zones === 'string') return { groups, disabled: zones };
    for (const [endpoint, zone] of zones) hinted.set(endpoint, zone);
  }
  const withHint = (endpoint: Endpoint): Endpoint => {
    const zone = hinted.get(endpoint);
    return zone === undefined ? endpoint : { ...endpoint, hints: { forZones: [{ name: zone }] } };
  };
  return { groups: groups.map((group) => ({ ...group, endpoints: group.endpoints.map(withHint) })), disabled: undefined };
}

/** Each zone's part of the CPUs of ready nodes; undefined when that is not known, or there are not two zones. */
function cpuRatios(nodes: readonly Node[]): ReadonlyMap<string, number> | undefined {
  const millis = new Map<string, number>();
  for (const { metadata, status } of nodes) {
    const { labels = {} } = metadata;
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    if (!ready || CONTROL_PLANE.some((label) => labels[label] !== undefined)) continue;
    const [zone = '', cpu] = [labels[ZONE], quantityToMillis(parseQuantity(status?.allocatable?.['cpu'] ?? '0'))];
    if (zone === '' || cpu === 0) return undefined;
    millis.set(zone, (millis.get(zone) ?? 0) + cpu);
  }
  if (millis.size < 2) return undefined;
  const total = [...millis.values()].reduce((sum, value) => sum + value, 0);
  return new Map([...millis].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([zone, value]) => [zone, value / total]));
}

/** For which zone each endpoint is: its own, but for those that zones with too many give to others. A text says why it cannot be. */
function zonesOf(ready: readonly Endpoint[], ratios: ReadonlyMap<string, number>): ReadonlyMap<Endpoint, string> | string {
  const counts = `(${ready.length} endpoints, ${ratios.size} zones)`;
  if (ratios.size > ready.length) return `Insufficient number of endpoints ${counts}`;
  const least = new Map([...ratios].map(([zone, ratio]) => [zone, Math.ceil((ratio * ready.length) / (1 + OVERLOAD))]));
  if ([...least.values()].reduce((sum, value) => sum + value, 0) > ready.length)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counts}`;
  const zones = new Map<Endpoint, string>();
  for (const endpoint of ready) {
    if (endpoint.zone === undefined || endpoint.zone === '') return 'One or more endpoints do not have a zone specified';
    zones.set(endpoint, endpoint.zone);
  }
  const desired = new Map([...ratios].map(([zone, ratio]) => [zone, Math.max(ratio * ready.length, least.get(zone) ?? 0)]));
  const { gives, takes } = exchange(desired, zones);
  for (const [endpoint, zone] of zones) {
    const to = takes.find(({ count }) => count > 0);
    const from = gives.find((each) => each.zone === zone && each.count > 0);
    if (to === undefined || from === undefined) continue;
    zones.set(endpoint, to.zone);
    to.count -= 1;
    from.count -= 1;
  }
  return zones;
}

interface Share {
  readonly zone: string;
  count: number;
}

/** How many endpoints each zone gives and takes. A zone without nodes, which desires none, keeps its own, as in Kubernetes. */
function exchange(
  desired: ReadonlyMap<string, number>,
  zones: ReadonlyMap<Endpoint, string>,
): { readonly gives: readonly Share[]; readonly takes: readonly Share[] } {
  const have = (zone: string): number => [...zones.values()].filter((each) => each === zone).length;
  const over = new Map([...desired].map(([zone, value]) => [zone, have(zone) - value]));
  const shares = (): Share[] => [...desired.keys()].map((zone) => ({ zone, count: 0 }));
  const [gives, takes] = [shares(), shares()];
  for (;;) {
    const sorted = [...over].toSorted(([, a], [, b]) => b - a);
    const [from, surplus] = sorted[0] ?? ['', 0];
    const [to, negative] = sorted.at(-1) ?? ['', 0];
    const lack = -negative;
    if (surplus < 0.5 || lack < 0.5 || (surplus < 1 && lack < 1)) return { gives, takes };
    over.set(from, surplus - 1);
    over.set(to, negative + 1);
    for (const share of gives) if (share.zone === from) share.count += 1;
    for (const share of takes) if (share.zone === to) share.count += 1;
  }
}
