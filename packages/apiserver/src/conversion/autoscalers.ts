import type { KubernetesObject, MutableJson } from '@kybern/core';
import type { Conversion } from './conversion.ts';

/** Where autoscaling/v1 keeps what it has no fields for. @see kubernetes v1.36 pkg/apis/autoscaling/annotations.go */
const ANNOTATIONS = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const;

/**
 * HorizontalPodAutoscalers are stored as autoscaling/v2.
 *
 * Differs from Kubernetes: the annotations hold the JSON of autoscaling/v2, not of the types of autoscaling/v1.
 *
 * @see kubernetes v1.36 pkg/apis/autoscaling/v1/conversion.go
 */
export const autoscalerConversion: Conversion = { storedAs: { group: 'autoscaling', plural: 'horizontalpodautoscalers' }, fromStored, toStored };

function fromStored(object: KubernetesObject): MutableJson {
  const { spec = {}, status, metadata, ...rest } = object as MutableJson;
  const { metrics = [], behavior, ...plainSpec } = spec;
  const { currentMetrics = [], conditions, ...plainStatus } = status ?? {};
  const utilization = metrics.find(isCpuUtilization);
  const current = currentMetrics.find((metric: MutableJson) => metric.type === 'Resource' && metric.resource?.name === 'cpu');
  const others = metrics.filter((metric: MutableJson) => metric !== utilization);
  const annotations = {
    ...metadata.annotations,
    ...annotation(ANNOTATIONS.metrics, others.length === 0 ? undefined : others),
    ...annotation(ANNOTATIONS.behavior, behavior),
    ...annotation(ANNOTATIONS.currentMetrics, currentMetrics.length === 0 ? undefined : currentMetrics),
    ...annotation(ANNOTATIONS.conditions, conditions),
  };
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations },
    spec: { ...plainSpec, ...optional('targetCPUUtilizationPercentage', utilization?.resource.target.averageUtilization) },
    ...(status === undefined
      ? {}
      : { status: { ...plainStatus, ...optional('currentCPUUtilizationPercentage', current?.resource.current?.averageUtilization) } }),
  };
}

function toStored(object: KubernetesObject): MutableJson {
  const { spec = {}, status, metadata, ...rest } = object as MutableJson;
  const { targetCPUUtilizationPercentage: target, ...plainSpec } = spec;
  const { currentCPUUtilizationPercentage: _, ...plainStatus } = status ?? {};
  const {
    [ANNOTATIONS.metrics]: metrics,
    [ANNOTATIONS.behavior]: behavior,
    [ANNOTATIONS.currentMetrics]: current,
    [ANNOTATIONS.conditions]: conditions,
    ...annotations
  } = metadata.annotations ?? {};
  const cpu = target === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } }];
  const all = [...cpu, ...(parsed(metrics) ?? [])];
  const { annotations: _annotations, ...plainMetadata } = metadata;
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: Object.keys(annotations).length === 0 ? plainMetadata : { ...plainMetadata, annotations },
    spec: { ...plainSpec, ...(all.length === 0 ? {} : { metrics: all }), ...optional('behavior', parsed(behavior)) },
    ...(status === undefined
      ? {}
      : { status: { ...plainStatus, ...optional('currentMetrics', parsed(current)), ...optional('conditions', parsed(conditions)) } }),
  };
}

function isCpuUtilization(metric: MutableJson): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target?.averageUtilization !== undefined;
}

function annotation(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: JSON.stringify(value) };
}

function optional(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}

/** What a client wrote into an annotation may be anything; what is no JSON is left out. */
function parsed(text: unknown): MutableJson {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
