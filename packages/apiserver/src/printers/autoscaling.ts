import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '@kybern/core/kinds';
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '@kybern/core/kinds/autoscaling-v1';
import { ageColumn, nameColumn, quantityCell, someOf, textOr } from './cells.ts';
import { NONE, UNKNOWN, UNSET, type Column } from './table.ts';

type Autoscaler = HorizontalPodAutoscaler | HorizontalPodAutoscalerV1;

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printHorizontalPodAutoscaler) */
export const autoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = columns(metricsCell);
/** The same of the older version, which knows CPU only. */
export const autoscalerV1Columns: readonly Column<HorizontalPodAutoscalerV1>[] = columns(cpuCell);

function columns<T extends Autoscaler>(targets: (object: T) => string): readonly Column<T>[] {
  return [
    nameColumn,
    { name: 'Reference', cell: ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}` },
    { name: 'Targets', cell: targets },
    { name: 'MinPods', cell: ({ spec }) => textOr(spec.minReplicas, UNSET) },
    { name: 'MaxPods', cell: ({ spec }) => spec.maxReplicas },
    { name: 'Replicas', cell: ({ status }) => status?.currentReplicas ?? 0 },
    ageColumn,
  ];
}

function cpuCell({ spec, status }: HorizontalPodAutoscalerV1): string {
  if (spec.targetCPUUtilizationPercentage === undefined) return NONE;
  return `cpu: ${percent(status?.currentCPUUtilizationPercentage) ?? UNKNOWN}/${percent(spec.targetCPUUtilizationPercentage) ?? ''}`;
}

function metricsCell({ spec, status }: HorizontalPodAutoscaler): string {
  const texts = (spec.metrics ?? []).map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  return someOf(texts, { most: 2, empty: NONE, separator: ', ' });
}

function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case 'External':
      return valueText(metric.external?.target, status?.external?.current);
    case 'Object':
      return valueText(metric.object?.target, status?.object?.current);
    case 'Pods':
      return averageText(metric.pods?.target, status?.pods?.current);
    case 'Resource':
      return `${metric.resource?.name ?? ''}: ${resourceText(metric.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource':
      return `${metric.containerResource?.name ?? ''}: ${resourceText(metric.containerResource?.target, status?.containerResource?.current)}`;
    default:
      return '<unknown type>';
  }
}

function averageText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  return `${quantity(current?.averageValue) ?? UNKNOWN}/${quantity(target?.averageValue) ?? ''}`;
}

function valueText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${averageText(target, current)} (avg)`;
  return `${quantity(current?.value) ?? UNKNOWN}/${quantity(target?.value) ?? ''}`;
}

function resourceText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return averageText(target, current);
  return `${percent(current?.averageUtilization) ?? UNKNOWN}/${percent(target?.averageUtilization) ?? '<auto>'}`;
}

function percent(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${String(value)}%`;
}

function quantity(value: string | undefined): string | undefined {
  return value === undefined ? undefined : quantityCell(value);
}
