import { getCondition } from '@kybern/core';
import type {
  APIService,
  ComponentStatus,
  ConfigMap,
  Event,
  FlowSchema,
  Lease,
  Namespace,
  Node,
  PriorityClass,
  PriorityLevelConfiguration,
  ResourceQuota,
  RuntimeClass,
  Secret,
  ServiceAccount,
} from '@kybern/core/kinds';
import type { Event as EventsEvent } from '@kybern/core/kinds/events-v1';
import { ageColumn, ageOf, nameColumn, quantityCell } from './cells.ts';
import { NONE, UNKNOWN, type Cell, type Column, type PrintContext } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printNode) */
export const nodeColumns: readonly Column<Node>[] = [
  nameColumn,
  { name: 'Status', cell: nodeStatus },
  { name: 'Roles', cell: nodeRoles },
  ageColumn,
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
  return roles.length === 0 ? NONE : [...new Set(roles)].sort().join(',');
}

function nodeAddress(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? NONE;
}

/** What both versions of an event have to say. */
interface EventFacts {
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly object: { readonly kind?: string; readonly name?: string; readonly fieldPath?: string } | undefined;
  readonly component: string | undefined;
  readonly host: string | undefined;
  readonly message: string | undefined;
  readonly count: number | undefined;
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printEvent) */
export const eventColumns: readonly Column<Event>[] = eventColumnsOf((event) => ({
  first: event.firstTimestamp ?? event.eventTime,
  last: event.series?.lastObservedTime ?? event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime,
  object: event.involvedObject,
  component: event.source?.component || event.reportingComponent,
  host: event.source?.host || event.reportingInstance,
  message: event.message,
  count: event.series?.count ?? event.count,
}));

/** The same of `events.k8s.io`. */
export const eventsEventColumns: readonly Column<EventsEvent>[] = eventColumnsOf((event) => ({
  first: event.deprecatedFirstTimestamp ?? event.eventTime,
  last: event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime,
  object: event.regarding,
  component: event.deprecatedSource?.component || event.reportingController,
  host: event.deprecatedSource?.host || event.reportingInstance,
  message: event.note,
  count: event.series?.count ?? event.deprecatedCount,
}));

function eventColumnsOf<T extends Event | EventsEvent>(facts: (event: T) => EventFacts): readonly Column<T>[] {
  const cell =
    (read: (facts: EventFacts, context: PrintContext) => Cell): Column<T>['cell'] =>
    (event, context) =>
      read(facts(event), context);
  return [
    { name: 'Last Seen', cell: cell(({ last }, context) => ageOf(last, context)) },
    { name: 'Type', cell: (event) => event.type ?? '' },
    { name: 'Reason', cell: (event) => event.reason ?? '' },
    {
      name: 'Object',
      cell: cell(({ object }) => [object?.kind?.toLowerCase() ?? '', ...(object?.name === undefined || object.name === '' ? [] : [object.name])].join('/')),
    },
    { name: 'Subobject', wide: true, cell: cell(({ object }) => object?.fieldPath ?? '') },
    { name: 'Source', wide: true, cell: cell(({ component, host }) => [component ?? '', ...(host === undefined || host === '' ? [] : [host])].join(', ')) },
    { name: 'Message', cell: cell(({ message }) => (message ?? '').trim()) },
    { name: 'First Seen', wide: true, cell: cell(({ first }, context) => ageOf(first, context)) },
    { name: 'Count', wide: true, cell: cell(({ count }) => count || 1) },
    { name: 'Name', wide: true, cell: (event) => event.metadata.name },
  ];
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printNamespace) */
export const namespaceColumns: readonly Column<Namespace>[] = [nameColumn, { name: 'Status', cell: ({ status }) => status?.phase ?? '' }, ageColumn];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printConfigMap) */
export const configMapColumns: readonly Column<ConfigMap>[] = [
  nameColumn,
  { name: 'Data', cell: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printSecret) */
export const secretColumns: readonly Column<Secret>[] = [
  nameColumn,
  { name: 'Type', cell: ({ type }) => type ?? '' },
  { name: 'Data', cell: ({ data }) => Object.keys(data ?? {}).length },
  ageColumn,
];

/** Kubernetes 1.36 has no Secrets column any more. @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printServiceAccount) */
export const serviceAccountColumns: readonly Column<ServiceAccount>[] = [nameColumn, ageColumn];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printComponentStatus) */
export const componentStatusColumns: readonly Column<ComponentStatus>[] = [
  nameColumn,
  { name: 'Status', cell: (object) => healthOf(object).status },
  { name: 'Message', cell: (object) => healthOf(object).message },
  { name: 'Error', cell: (object) => healthOf(object).error },
];

function healthOf({ conditions }: ComponentStatus): { readonly status: string; readonly message: string; readonly error: string } {
  const health = conditions?.find(({ type }) => type === 'Healthy');
  if (health === undefined) return { status: 'Unknown', message: '', error: '' };
  return { status: health.status === 'True' ? 'Healthy' : 'Unhealthy', message: health.message ?? '', error: health.error ?? '' };
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printResourceQuota) */
export const resourceQuotaColumns: readonly Column<ResourceQuota>[] = [
  nameColumn,
  { name: 'Request', cell: (quota) => usage(quota, false) },
  { name: 'Limit', cell: (quota) => usage(quota, true) },
  ageColumn,
];

/** Names that begin with `limits.` are limits, all others requests. */
function usage({ status }: ResourceQuota, limits: boolean): string {
  const names = Object.keys(status?.hard ?? {}).filter((name) => name.startsWith('limits.') === limits);
  const amount = (of: Readonly<Record<string, string>> | undefined, name: string): string => quantityCell(of?.[name] ?? '0');
  return names
    .sort()
    .map((name) => `${name}: ${amount(status?.used, name)}/${amount(status?.hard, name)}`)
    .join(', ');
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printLease) */
export const leaseColumns: readonly Column<Lease>[] = [nameColumn, { name: 'Holder', cell: ({ spec }) => spec?.holderIdentity ?? '' }, ageColumn];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPriorityClass) */
export const priorityClassColumns: readonly Column<PriorityClass>[] = [
  nameColumn,
  { name: 'Value', type: 'integer', cell: ({ value }) => value ?? 0 },
  { name: 'Global-Default', type: 'boolean', cell: ({ globalDefault }) => globalDefault === true },
  ageColumn,
  { name: 'PreemptionPolicy', cell: ({ preemptionPolicy }) => preemptionPolicy ?? '' },
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printRuntimeClass) */
export const runtimeClassColumns: readonly Column<RuntimeClass>[] = [nameColumn, { name: 'Handler', cell: ({ handler }) => handler ?? '' }, ageColumn];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printFlowSchema) */
export const flowSchemaColumns: readonly Column<FlowSchema>[] = [
  nameColumn,
  { name: 'PriorityLevel', cell: ({ spec }) => spec.priorityLevelConfiguration?.name ?? '' },
  { name: 'MatchingPrecedence', cell: ({ spec }) => spec.matchingPrecedence ?? 0 },
  { name: 'DistinguisherMethod', cell: ({ spec }) => spec.distinguisherMethod?.type ?? NONE },
  ageColumn,
  { name: 'MissingPL', cell: ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?' },
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPriorityLevelConfiguration) */
export const priorityLevelColumns: readonly Column<PriorityLevelConfiguration>[] = [
  nameColumn,
  { name: 'Type', cell: ({ spec }) => spec.type ?? '' },
  { name: 'NominalConcurrencyShares', cell: ({ spec }) => spec.limited?.nominalConcurrencyShares ?? NONE },
  { name: 'Queues', cell: ({ spec }) => spec.limited?.limitResponse?.queuing?.queues ?? NONE },
  { name: 'HandSize', cell: ({ spec }) => spec.limited?.limitResponse?.queuing?.handSize ?? NONE },
  { name: 'QueueLengthLimit', cell: ({ spec }) => spec.limited?.limitResponse?.queuing?.queueLengthLimit ?? NONE },
  ageColumn,
];

/** @see kubernetes v1.36 staging/src/k8s.io/kube-aggregator/pkg/registry/apiservice/etcd/etcd.go (ConvertToTable) */
export const apiServiceColumns: readonly Column<APIService>[] = [
  nameColumn,
  { name: 'Service', cell: ({ spec }) => (spec.service === undefined ? 'Local' : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`) },
  { name: 'Available', cell: availableCell },
  ageColumn,
];

function availableCell({ status }: APIService): string {
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  if (available === undefined) return 'Unknown';
  return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
}
