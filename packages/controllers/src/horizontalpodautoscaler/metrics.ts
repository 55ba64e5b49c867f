import type { CrossVersionObjectReference, LabelSelector } from '@kybern/core/kinds';

/** A value of one Pod. */
export interface PodSample {
  /** In thousandths of the metric's unit. */
  readonly milliValue: number;
  /** When it was taken, in ms. */
  readonly atMs: number;
  /** Over how long it was taken, in ms. */
  readonly windowMs: number;
}

/** Values by the names of Pods; one without a value is missing. */
export type PodSamples = ReadonlyMap<string, PodSample>;

/** Which Pods a metric is asked of. */
export interface PodSelection {
  readonly namespace: string;
  /** In Kubernetes' selector syntax. */
  readonly labelSelector: string;
}

/** Which metric that somebody defined. */
export interface CustomMetric {
  readonly name: string;
  readonly selector?: LabelSelector;
}

/**
 * Where a HorizontalPodAutoscaler has its values from. What rejects counts as not available just now, and its message is shown in the autoscaler's conditions.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/metrics/client.go (MetricsClient)
 */
export interface MetricsSource {
  /** The use of `cpu` (in thousandths of a core) or `memory` (in thousandths of a byte), of whole Pods or of one of their containers. */
  podResource(resource: string, pods: PodSelection, container?: string): Promise<PodSamples>;
  /** A metric that each Pod has for itself. */
  podMetric(metric: CustomMetric, pods: PodSelection): Promise<PodSamples>;
  /** A metric of one object, in thousandths. */
  objectMetric(metric: CustomMetric, namespace: string, object: CrossVersionObjectReference): Promise<number>;
  /** A metric from outside of the cluster, in thousandths; of several series the sum counts. */
  externalMetric(metric: CustomMetric, namespace: string): Promise<readonly number[]>;
}

/** As in a cluster without a metrics server. */
export const NO_METRICS: MetricsSource = {
  podResource: (resource) => unavailable(`unable to get metrics for resource ${resource}: no metrics returned from resource metrics API`),
  podMetric: ({ name }) => unavailable(`unable to get metric ${name}: no custom metrics API known`),
  objectMetric: ({ name }) => unavailable(`unable to get metric ${name}: no custom metrics API known`),
  externalMetric: ({ name }) => unavailable(`unable to get external metric ${name}: no external metrics API known`),
};

const unavailable = (message: string): Promise<never> => Promise.reject(new Error(message));
