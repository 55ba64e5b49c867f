import { parseQuantity, quantityToMillis, formatQuantity } from '@kybern/core';
import type { LabelSelector, MetricSpec, MetricStatus, MetricTarget, Pod } from '@kybern/core/kinds';
import { isPodReady } from '../pod-state.ts';
import type { PodSamples } from './metrics.ts';
import { groupPods, type PodGroups } from './pod-groups.ts';
import { perPodReplicas, podReplicas, valueReplicas, type Tolerance } from './replicas.ts';

/** What was measured for one metric of an autoscaler; or why nothing was. */
export type Measurement = { readonly samples: PodSamples } | { readonly milliValue: number } | { readonly error: string };

/** What {@link evaluateMetric} looks at. */
export interface EvaluateInput {
  readonly nowMs: number;
  readonly metric: MetricSpec;
  readonly measured: Measurement;
  /** The Pods of the target. */
  readonly pods: readonly Pod[];
  /** `spec.replicas` and `status.replicas` of the target. */
  readonly currentReplicas: number;
  readonly statusReplicas: number;
  readonly tolerance: Tolerance;
}

/** What one metric proposes. */
export type Proposal =
  | { readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | { readonly error: string; readonly reason: string };

/**
 * How many replicas a metric asks for.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler/horizontal.go (computeReplicasForMetric)
 */
export function evaluateMetric(input: EvaluateInput): Proposal {
  const { metric, measured } = input;
  const reason = `FailedGet${metric.type}Metric`;
  if ('error' in measured) return { reason, error: measured.error };
  const { type, resource, containerResource, pods, object, external } = metric;
  const source = resource ?? containerResource;
  if ('samples' in measured) {
    if (source !== undefined) return withReason(reason, resourceProposal(input, { ...source, samples: measured.samples }));
    return pods === undefined
      ? { reason: 'InvalidMetricSourceType', error: `unknown metric source type "${type}"` }
      : withReason(reason, podsProposal(input, measured.samples));
  }
  const custom = object ?? external;
  if (custom === undefined) return { reason: 'InvalidMetricSourceType', error: `unknown metric source type "${type}"` };
  return withReason(reason, valueProposal(input, custom.target, measured.milliValue));
}

type Outcome = Extract<Proposal, { readonly replicas: number }> | { readonly error: string };

const withReason = (reason: string, outcome: Outcome): Proposal => ('error' in outcome ? { ...outcome, reason } : outcome);

interface ResourceRequest {
  readonly name: string;
  readonly container?: string;
  readonly target: MetricTarget;
  readonly samples: PodSamples;
}

function resourceProposal(input: EvaluateInput, request: ResourceRequest): Outcome {
  const { name, container, target, samples } = request;
  const groups = groupPods(input.pods, samples, { resource: name, nowMs: input.nowMs });
  if (groups.samples.size === 0) return { error: 'did not receive metrics for targeted pods (pods might be unready)' };
  const of = container === undefined ? `${name} resource` : `${name} container resource`;
  if (target.averageUtilization === undefined) {
    const average = plainProposal(input, groups, milli(target.averageValue));
    return { replicas: average.replicas, name: of, status: resourceStatus(input.metric, average.current) };
  }
  const requests = new Map<string, number>();
  for (const pod of input.pods) {
    const requested = requestOf(pod, name, container);
    if (typeof requested === 'string') return { error: `failed to get ${name} utilization: ${requested}` };
    requests.set(pod.metadata.name, requested);
  }
  const desired = target.averageUtilization;
  const utilization = (values: ReadonlyMap<string, number>): number => {
    const known = [...values].filter(([pod]) => requests.has(pod));
    const total = known.reduce((sum, [pod]) => sum + (requests.get(pod) ?? 0), 0);
    return total === 0 ? NaN : Math.floor((known.reduce((sum, [, value]) => sum + value, 0) * 100) / total);
  };
  if (Number.isNaN(utilization(groups.samples))) return { error: 'no metrics returned matched known pods' };
  const replicas = podReplicas({
    ...input,
    groups,
    ratio: (values) => utilization(values) / desired,
    assumed: (pod) => ((requests.get(pod) ?? 0) * Math.max(100, desired)) / 100,
  });
  const current = { averageUtilization: utilization(groups.samples), averageValue: quantity(average(groups.samples)) };
  return { replicas, name: `${of} utilization (percentage of request)`, status: resourceStatus(input.metric, current) };
}

type Current = NonNullable<MetricStatus['resource']>['current'];

function resourceStatus({ type, resource, containerResource }: MetricSpec, current: Current): MetricStatus {
  if (containerResource !== undefined) return { type, containerResource: { container: containerResource.container, name: containerResource.name, current } };
  return { type, resource: { name: resource?.name ?? '', current } };
}

/** What the containers of a Pod ask for, in thousandths; in words, which of them does not ask. */
function requestOf({ metadata, spec }: Pod, resource: string, container: string | undefined): number | string {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  let total = 0;
  for (const each of [...spec.containers, ...sidecars]) {
    if (container !== undefined && each.name !== container) continue;
    const amount = each.resources?.requests?.[resource];
    if (amount === undefined) return `missing request for ${resource} in container ${each.name} of Pod ${metadata.name}`;
    total += milli(amount);
  }
  return total;
}

function podsProposal(input: EvaluateInput, samples: PodSamples): Outcome {
  const { metric, target } = input.metric.pods ?? { metric: { name: '' }, target: { type: '' } };
  const groups = groupPods(input.pods, samples, { resource: '', nowMs: input.nowMs });
  if (groups.samples.size === 0) return { error: 'did not receive metrics for targeted pods (pods might be unready)' };
  const { replicas, current } = plainProposal(input, groups, milli(target.averageValue));
  return { replicas, name: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric, current } } };
}

function plainProposal(input: EvaluateInput, groups: PodGroups, target: number): { readonly replicas: number; readonly current: Current } {
  const replicas = podReplicas({ ...input, groups, ratio: (values) => Math.floor(average(values)) / target, assumed: () => target });
  return { replicas, current: { averageValue: quantity(average(groups.samples)) } };
}

function valueProposal(input: EvaluateInput, target: MetricTarget, value: number): Outcome {
  const { metric, currentReplicas, statusReplicas, tolerance } = input;
  const { object, external, type } = metric;
  const id = object?.metric ?? external?.metric ?? { name: '' };
  const perPod = target.averageValue !== undefined;
  const readyPods = input.pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod)).length;
  const replicas = perPod
    ? perPodReplicas(value, { target: milli(target.averageValue), replicas: statusReplicas, tolerance })
    : valueReplicas(value / milli(target.value), { currentReplicas, readyPods, tolerance });
  const current = perPod ? { averageValue: quantity(Math.ceil(value / statusReplicas)) } : { value: quantity(value) };
  const name = object === undefined ? `external metric ${id.name}(${selectorText(id.selector)})` : `${object.describedObject.kind} metric ${id.name}`;
  const status: MetricStatus =
    object === undefined ? { type, external: { metric: id, current } } : { type, object: { metric: id, current, describedObject: object.describedObject } };
  return { replicas, name, status };
}

const milli = (text: string | undefined): number => quantityToMillis(parseQuantity(text ?? '0'));

const average = (values: ReadonlyMap<string, number>): number => [...values.values()].reduce((sum, value) => sum + value, 0) / values.size;

const quantity = (milliValue: number): string => formatQuantity(parseQuantity(Number.isFinite(milliValue) ? `${Math.floor(milliValue)}m` : '0'));

/** A selector as Kubernetes prints it in messages. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/generated.pb.go (LabelSelector.String) */
function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const requirements = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  const matchLabels = `map[string]string{${labels.map(([name, value]) => `${name}: ${value},`).join('')}}`;
  return `&LabelSelector{MatchLabels:${matchLabels},MatchExpressions:[]LabelSelectorRequirement{${requirements.join('')}},}`;
}
