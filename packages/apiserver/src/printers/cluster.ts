import { getCondition } from '@kybern/core';
import type { ConfigMap, EndpointSlice, Event, Lease, Namespace, Node, PriorityClass, Secret, Service, ServiceAccount } from '@kybern/core/kinds';
import { ageOf } from './ages.ts';
import { NONE, UNKNOWN, type Column } from './table.ts';

const name = { name: 'Name', cell: (object: { readonly metadata: { readonly name: string } }): string => object.metadata.name };
const age: Column<Namespace | ConfigMap | Secret | ServiceAccount | Service | Node | Lease | EndpointSlice | PriorityClass> = {
  name: 'Age',
  cell: (object, context) => ageOf(object.metadata.creationTimestamp, context),
};

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printService) */
export const serviceColumns: readonly Column<Service>[] = [
  name,
  { name: 'Type', cell: ({ spec }) => spec.type ?? 'ClusterIP' },
  { name: 'Cluster-IP', cell: ({ spec }) => spec.clusterIP ?? NONE },
  { name: 'External-IP', cell: externalIp },
  { name: 'Port(s)', cell: portsCell },
  age,
  { name: 'Selector', wide: true, cell: ({ spec }) => pairs(spec.selector) },
];

function externalIp({ spec, status }: Service): string {
  const own = spec.externalIPs ?? [];
  if (spec.type === 'ExternalName') return spec.externalName ?? NONE;
  if (spec.type !== 'LoadBalancer') return own.length === 0 ? NONE : own.join(',');
  const given = (status?.loadBalancer?.ingress ?? []).map((ingress) => ingress.ip ?? ingress.hostname ?? '').filter((address) => address !== '');
  return given.length + own.length === 0 ? '<pending>' : [...given, ...own].join(',');
}

function portsCell({ spec }: Service): string {
  const ports = (spec.ports ?? []).map((port) => {
    const node = port.nodePort === undefined || port.nodePort === 0 ? '' : `:${String(port.nodePort)}`;
    return `${String(port.port)}${node}/${port.protocol ?? 'TCP'}`;
  });
  return ports.length === 0 ? NONE : ports.join(',');
}

function pairs(record: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(record ?? {}).map(([key, value]) => `${key}=${value}`);
  return entries.length === 0 ? NONE : entries.sort().join(',');
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printNode) */
export const nodeColumns: readonly Column<Node>[] = [
  name,
  { name: 'Status', cell: nodeStatus },
  { name: 'Roles', cell: nodeRoles },
  age,
  { name: 'Version', cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '' },
  { name: 'Internal-IP', wide: true, cell: (node) => nodeAddress(node, 'InternalIP') },
  { name: 'External-IP', wide: true, cell: (node) => nodeAddress(node, 'ExternalIP') },
  { name: 'OS-Image', wide: true, cell: ({ status }) => status?.nodeInfo?.osImage || UNKNOWN },
  { name: 'Kernel-Version', wide: true, cell: ({ status }) => status?.nodeInfo?.kernelVersion || UNKNOWN },
  { name: 'Container-Runtime', wide: true, cell: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || UNKNOWN },
];

function nodeStatus(node: Node): string {
  const ready = getCondition(node, 'Ready');
  const status = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec.unschedulable === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(node: Node): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return roles.length === 0 ? NONE : roles.sort().join(',');
}

function nodeAddress(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? NONE;
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printEvent) */
export const eventColumns: readonly Column<Event>[] = [
  { name: 'Last Seen', cell: (event, context) => ageOf(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp, context) },
  { name: 'Type', cell: (event) => event.type ?? '' },
  { name: 'Reason', cell: (event) => event.reason ?? '' },
  { name: 'Object', cell: ({ involvedObject }) => `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name ?? ''}` },
  { name: 'Subobject', wide: true, cell: (event) => event.involvedObject.fieldPath ?? '' },
  { name: 'Source', wide: true, cell: ({ source, reportingComponent }) => [source?.component || reportingComponent, source?.host].filter(Boolean).join(', ') },
  { name: 'Message', cell: (event) => (event.message ?? '').trim() },
  { name: 'First Seen', wide: true, cell: (event, context) => ageOf(event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp, context) },
  { name: 'Count', wide: true, type: 'integer', cell: (event) => event.series?.count ?? event.count ?? 1 },
  { name: 'Name', wide: true, cell: (event) => event.metadata.name },
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printNamespace) */
export const namespaceColumns: readonly Column<Namespace>[] = [name, { name: 'Status', cell: ({ status }) => status?.phase ?? '' }, age];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printConfigMap) */
export const configMapColumns: readonly Column<ConfigMap>[] = [
  name,
  { name: 'Data', cell: ({ data, binaryData }) => String(Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length) },
  age,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printSecret) */
export const secretColumns: readonly Column<Secret>[] = [
  name,
  { name: 'Type', cell: ({ type }) => type ?? '' },
  { name: 'Data', type: 'integer', cell: ({ data }) => Object.keys(data ?? {}).length },
  age,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printServiceAccount) */
export const serviceAccountColumns: readonly Column<ServiceAccount>[] = [name, age];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printLease) */
export const leaseColumns: readonly Column<Lease>[] = [name, { name: 'Holder', cell: ({ spec }) => spec.holderIdentity ?? '' }, age];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPriorityClass) */
export const priorityClassColumns: readonly Column<PriorityClass>[] = [
  name,
  { name: 'Value', type: 'integer', cell: ({ value }) => value ?? 0 },
  { name: 'Global-Default', cell: ({ globalDefault }) => String(globalDefault === true) },
  age,
  { name: 'PreemptionPolicy', cell: ({ preemptionPolicy }) => preemptionPolicy ?? '' },
];

/** How many addresses and ports a cell names before it says how many more there are. */
const MOST_SHOWN = 3;

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printEndpointSlice) */
export const endpointSliceColumns: readonly Column<EndpointSlice>[] = [
  name,
  { name: 'AddressType', cell: ({ addressType }) => addressType },
  { name: 'Ports', cell: ({ ports }) => someOf((ports ?? []).map((port) => (port.port === undefined ? '*' : String(port.port))), '<unset>') },
  { name: 'Endpoints', cell: ({ endpoints }) => someOf((endpoints ?? []).flatMap((endpoint) => endpoint.addresses), '<unset>') },
  age,
];

function someOf(values: readonly string[], empty: string): string {
  if (values.length === 0) return empty;
  const more = values.length - MOST_SHOWN;
  return values.slice(0, MOST_SHOWN).join(',') + (more > 0 ? ` + ${String(more)} more...` : '');
}

/** What any other kind shows. */
export const defaultColumns: readonly Column<{ readonly apiVersion: string; readonly kind: string; readonly metadata: Namespace['metadata'] }>[] = [
  { name: 'Name', cell: (object) => object.metadata.name },
  { name: 'Age', cell: (object, context) => ageOf(object.metadata.creationTimestamp, context) },
];
