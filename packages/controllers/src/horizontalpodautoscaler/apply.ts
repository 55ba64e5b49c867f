import { deepEqual, formatTime, parseApiVersion, type Kind, type KubernetesObject } from '@kybern/core';
import { HorizontalPodAutoscaler, Pod, type HorizontalPodAutoscalerStatus, type MetricSpec } from '@kybern/core/kinds';
import type { Scale } from '@kybern/core/kinds/autoscaling-v1';
import type { ReconcileRequest } from '@kybern/reconcile';
import type { PlannedEvent } from '../planned-event.ts';
import { messageOf } from '../pod-control.ts';
import { findCondition } from '../status-condition.ts';
import { NO_MEMORY, type HpaMemory } from './behavior.ts';
import { computeAutoscaler, type AutoscalerCondition, type AutoscalerPlan } from './compute.ts';
import type { Measurement } from './evaluate.ts';
import type { MetricsSource, PodSelection } from './metrics.ts';
import type { AutoscalerSelectors, SelectorProblem } from './selectors.ts';

type Request = ReconcileRequest<HorizontalPodAutoscaler>;

/** What {@link autoscale} works with. */
export interface AutoscaleContext {
  readonly metrics: MetricsSource;
  readonly kinds: readonly Kind[];
  readonly selectors: AutoscalerSelectors;
  readonly memory: HpaMemory | undefined;
}

/** Measures, decides, scales and writes the status. @returns what to remember */
export async function autoscale(request: Request, { metrics, kinds, selectors, memory = NO_MEMORY }: AutoscaleContext): Promise<HpaMemory> {
  const { key, object: autoscaler, cache, clock } = request;
  const target = await readTarget(request, kinds);
  if ('error' in target) {
    const message = `the HPA controller was unable to get the target's current scale: ${target.error}`;
    const condition: AutoscalerCondition = { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message };
    report(request, condition, { type: 'Warning', reason: 'FailedGetScale', message: target.error });
    await writeStatus(request, { conditions: [condition] });
    return memory;
  }
  const { scale } = target;
  const labelSelector = scale.status?.selector ?? '';
  const { namespace = '' } = autoscaler.metadata;
  const selection: PodSelection = { namespace, labelSelector };
  const { pods, problem } = selectors.select(key, labelSelector, (selects) =>
    cache.list(Pod, { namespace }).filter(({ metadata: { labels } }) => selects(labels)),
  );
  const measurements = problem === undefined ? await Promise.all((autoscaler.spec.metrics ?? []).map((metric) => measure(metrics, metric, selection))) : [];
  const currentReplicas = scale.spec.replicas ?? 0;
  const statusReplicas = scale.status?.replicas ?? 0;
  const plan = computeAutoscaler({ nowMs: clock.now(), autoscaler, currentReplicas, statusReplicas, pods, problem, measurements, memory });
  return await carryOut(plan, { request, kind: target.kind, currentReplicas, problem });
}

type Target = { readonly kind: Kind; readonly scale: Scale } | { readonly error: string };

async function readTarget({ object: { metadata, spec }, client }: Request, kinds: readonly Kind[]): Promise<Target> {
  const { apiVersion = 'v1', kind: name } = spec.scaleTargetRef;
  const { group, version } = parseApiVersion(apiVersion);
  const kind = kinds.find((each) => each.group === group && each.version === version && each.kind === name);
  if (kind === undefined) return { error: `no matches for kind "${name}" in group "${group}"` };
  try {
    const key = { name: spec.scaleTargetRef.name, namespace: metadata.namespace ?? '' };
    return { kind, scale: (await client.get(kind, key, { subresource: 'scale' })) as unknown as Scale };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** What cannot be measured is no failure of the reconcile: the plan says what to do then. */
async function measure(source: MetricsSource, metric: MetricSpec, pods: PodSelection): Promise<Measurement> {
  const { resource, containerResource, pods: perPod, object, external } = metric;
  try {
    if (resource !== undefined) return { samples: await source.podResource(resource.name, pods) };
    if (containerResource !== undefined) return { samples: await source.podResource(containerResource.name, pods, containerResource.container) };
    if (perPod !== undefined) return { samples: await source.podMetric(perPod.metric, pods) };
    if (object !== undefined) return { milliValue: await source.objectMetric(object.metric, pods.namespace, object.describedObject) };
    if (external !== undefined) return { milliValue: (await source.externalMetric(external.metric, pods.namespace)).reduce((sum, value) => sum + value, 0) };
    return { error: `unknown metric source type "${metric.type}"` };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

interface Scaling {
  readonly request: Request;
  readonly kind: Kind<KubernetesObject>;
  readonly currentReplicas: number;
  readonly problem: SelectorProblem | undefined;
}

async function carryOut(plan: AutoscalerPlan, { request, kind, currentReplicas, problem }: Scaling): Promise<HpaMemory> {
  const { object: autoscaler, client, clock, recorder } = request;
  const { desiredReplicas, reason, metrics: currentMetrics, error } = plan;
  let able: AutoscalerCondition = {
    type: 'AbleToScale',
    status: 'True',
    reason: 'SucceededGetScale',
    message: "the HPA controller was able to get the target's current scale",
  };
  if (error !== undefined && problem !== undefined) report(request, plan.conditions[0], { type: 'Warning', reason: problem.event, message: problem.error });
  if (error !== undefined) report(request, plan.conditions[0], { type: 'Warning', reason: 'FailedComputeMetricsReplicas', message: error });
  if (reason !== undefined) {
    const key = { name: autoscaler.spec.scaleTargetRef.name, namespace: autoscaler.metadata.namespace ?? '' };
    await client.patch(kind, key, { type: 'merge', patch: { spec: { replicas: desiredReplicas } } }, { subresource: 'scale' });
    recorder.event(autoscaler, { type: 'Normal', reason: 'SuccessfulRescale', message: `New size: ${desiredReplicas}; reason: ${reason}` });
    able = { ...able, reason: 'SucceededRescale', message: `the HPA controller was able to update the target scale to ${desiredReplicas}` };
  }
  const decided = reason === undefined ? plan.conditions : plan.conditions.filter(({ type }) => type !== 'AbleToScale');
  await writeStatus(request, {
    conditions: [able, ...decided],
    status: { currentReplicas, desiredReplicas, currentMetrics, ...(reason === undefined ? {} : { lastScaleTime: formatTime(clock.now()) }) },
  });
  return plan.memory;
}

/** Only what the conditions do not tell already, so that an autoscaler without metrics does not write for ever. */
function report({ object, recorder }: Request, condition: AutoscalerCondition | undefined, event: PlannedEvent): void {
  const current = condition === undefined ? undefined : findCondition(object.status?.conditions, condition.type);
  if (current?.reason !== condition?.reason || current?.message !== condition?.message) recorder.event(object, event);
}

interface StatusChange {
  /** The last of a type counts. */
  readonly conditions: readonly AutoscalerCondition[];
  readonly status?: Partial<HorizontalPodAutoscalerStatus>;
}

async function writeStatus({ object: autoscaler, client, clock }: Request, { conditions, status }: StatusChange): Promise<void> {
  const before = autoscaler.status?.conditions ?? [];
  let after = before;
  for (const condition of conditions) {
    const current = findCondition(after, condition.type);
    const earlier = findCondition(before, condition.type);
    const time = formatTime(clock.now());
    const lastTransitionTime = earlier?.status === condition.status ? (earlier.lastTransitionTime ?? time) : time;
    const next = { ...condition, lastTransitionTime };
    after = current === undefined ? [...after, next] : after.map((each) => (each === current ? next : each));
  }
  const { generation } = autoscaler.metadata;
  const written: HorizontalPodAutoscalerStatus = {
    desiredReplicas: 0,
    ...autoscaler.status,
    ...status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: after,
  };
  if (!deepEqual(written, autoscaler.status)) await client.update(HorizontalPodAutoscaler, { ...autoscaler, status: written }, { subresource: 'status' });
}
