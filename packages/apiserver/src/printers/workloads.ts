import { controllerOf, formatAge, isConditionTrue, parseApiVersion, parseTime } from '@kybern/core';
import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PodDisruptionBudget,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '@kybern/core/kinds';
import { ageColumn, ageOf, nameColumn, pairs, templateColumns, textOr } from './cells.ts';
import { NONE, UNSET, type Column, type PrintContext } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printDeployment) */
export const deploymentColumns: readonly Column<Deployment>[] = [
  nameColumn,
  { name: 'Ready', cell: ({ spec, status }) => `${String(status?.readyReplicas ?? 0)}/${String(spec.replicas ?? 0)}` },
  { name: 'Up-to-date', cell: ({ status }) => status?.updatedReplicas ?? 0 },
  { name: 'Available', cell: ({ status }) => status?.availableReplicas ?? 0 },
  ageColumn,
  ...templateColumns<Deployment>(
    ({ spec }) => spec.template?.spec?.containers,
    ({ spec }) => spec.selector,
  ),
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printReplicaSet) */
export const replicaSetColumns: readonly Column<ReplicaSet>[] = [
  nameColumn,
  { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 0 },
  { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
  { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
  ageColumn,
  ...templateColumns<ReplicaSet>(
    ({ spec }) => spec.template?.spec?.containers,
    ({ spec }) => spec.selector,
  ),
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printReplicationController) */
export const replicationControllerColumns: readonly Column<ReplicationController>[] = [
  nameColumn,
  { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 0 },
  { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
  { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
  ageColumn,
  ...templateColumns<ReplicationController>(({ spec }) => spec.template?.spec?.containers),
  { name: 'Selector', wide: true, cell: ({ spec }) => pairs(spec.selector) },
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printStatefulSet) */
export const statefulSetColumns: readonly Column<StatefulSet>[] = [
  nameColumn,
  { name: 'Ready', cell: ({ spec, status }) => `${String(status?.readyReplicas ?? 0)}/${String(spec.replicas ?? 0)}` },
  ageColumn,
  ...templateColumns<StatefulSet>(({ spec }) => spec.template?.spec?.containers),
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printDaemonSet) */
export const daemonSetColumns: readonly Column<DaemonSet>[] = [
  nameColumn,
  { name: 'Desired', type: 'integer', cell: ({ status }) => status?.desiredNumberScheduled ?? 0 },
  { name: 'Current', type: 'integer', cell: ({ status }) => status?.currentNumberScheduled ?? 0 },
  { name: 'Ready', type: 'integer', cell: ({ status }) => status?.numberReady ?? 0 },
  { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status?.updatedNumberScheduled ?? 0 },
  { name: 'Available', type: 'integer', cell: ({ status }) => status?.numberAvailable ?? 0 },
  { name: 'Node Selector', cell: ({ spec }) => pairs(spec.template?.spec?.nodeSelector) },
  ageColumn,
  ...templateColumns<DaemonSet>(
    ({ spec }) => spec.template?.spec?.containers,
    ({ spec }) => spec.selector,
  ),
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printJob) */
export const jobColumns: readonly Column<Job>[] = [
  nameColumn,
  { name: 'Status', cell: jobStatus },
  { name: 'Completions', cell: jobCompletions },
  { name: 'Duration', cell: jobDuration },
  ageColumn,
  ...templateColumns<Job>(
    ({ spec }) => spec.template?.spec?.containers,
    ({ spec }) => spec.selector,
  ),
];

function jobStatus(job: Job): string {
  if (isConditionTrue(job, 'Complete')) return 'Complete';
  if (isConditionTrue(job, 'Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (isConditionTrue(job, 'Suspended')) return 'Suspended';
  return isConditionTrue(job, 'FailureTarget') ? 'FailureTarget' : 'Running';
}

function jobCompletions({ spec, status }: Job): string {
  const succeeded = String(status?.succeeded ?? 0);
  if (spec.completions !== undefined) return `${succeeded}/${String(spec.completions)}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${String(parallelism)}` : `${succeeded}/1`;
}

function jobDuration({ status }: Job, context: PrintContext): string {
  if (status?.startTime === undefined) return '';
  if (status.completionTime === undefined) return ageOf(status.startTime, context);
  return formatAge(Math.max(0, parseTime(status.completionTime) - parseTime(status.startTime)));
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printCronJob) */
export const cronJobColumns: readonly Column<CronJob>[] = [
  nameColumn,
  { name: 'Schedule', cell: ({ spec }) => spec.schedule ?? '' },
  { name: 'Timezone', cell: ({ spec }) => spec.timeZone ?? NONE },
  { name: 'Suspend', type: 'boolean', cell: ({ spec }) => (spec.suspend === undefined ? UNSET : spec.suspend ? 'True' : 'False') },
  { name: 'Active', type: 'integer', cell: ({ status }) => status?.active?.length ?? 0 },
  { name: 'Last Schedule', cell: ({ status }, context) => (status?.lastScheduleTime === undefined ? NONE : ageOf(status.lastScheduleTime, context)) },
  ageColumn,
  ...templateColumns<CronJob>(
    ({ spec }) => spec.jobTemplate?.spec?.template?.spec?.containers,
    ({ spec }) => spec.jobTemplate?.spec?.selector,
  ),
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPodTemplate) */
export const podTemplateColumns: readonly Column<PodTemplate>[] = [
  nameColumn,
  { name: 'Containers', cell: ({ template }) => (template?.spec?.containers ?? []).map(({ name }) => name).join(',') },
  { name: 'Images', cell: ({ template }) => (template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(',') },
  { name: 'Pod Labels', cell: ({ template }) => pairs(template?.metadata?.labels) },
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printControllerRevision) */
export const controllerRevisionColumns: readonly Column<ControllerRevision>[] = [
  nameColumn,
  { name: 'Controller', cell: controllerCell },
  { name: 'Revision', cell: ({ revision }) => revision ?? 0 },
  ageColumn,
];

function controllerCell(object: ControllerRevision): string {
  const owner = controllerOf(object);
  if (owner === undefined) return NONE;
  const { group } = parseApiVersion(owner.apiVersion);
  return `${(group === '' ? owner.kind : `${owner.kind}.${group}`).toLowerCase()}/${owner.name}`;
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPodDisruptionBudget) */
export const podDisruptionBudgetColumns: readonly Column<PodDisruptionBudget>[] = [
  nameColumn,
  { name: 'Min Available', cell: ({ spec }) => textOr(spec.minAvailable, 'N/A') },
  { name: 'Max Unavailable', cell: ({ spec }) => textOr(spec.maxUnavailable, 'N/A') },
  { name: 'Allowed Disruptions', type: 'integer', cell: ({ status }) => status?.disruptionsAllowed ?? 0 },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printScale) */
export const scaleColumns: readonly Column<{
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Deployment['metadata'];
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}>[] = [
  nameColumn,
  { name: 'Desired', type: 'integer', cell: ({ spec }) => spec?.replicas ?? 0 },
  { name: 'Available', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
  ageColumn,
];
