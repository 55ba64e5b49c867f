import { parseQuantity, quantityToMillis } from '@kybern/core';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { at, pod, START_MS } from '../../test/objects.ts';
import { limitDesired, NO_MEMORY, type HpaMemory, type LimitInput } from './behavior.ts';
import { computeAutoscaler, type AutoscalerPlan } from './compute.ts';
import type { Measurement } from './evaluate.ts';

const NOW = START_MS + 3_600_000;
const container = (cpu: string): Pod['spec'] => ({ containers: [{ name: 'c', image: 'i', resources: { requests: { cpu, memory: '100Mi' } } }] });
interface PodFact {
  readonly use?: number;
  readonly phase?: 'Pending' | 'Running' | 'Failed';
  readonly ready?: boolean;
  readonly startedAt?: number;
  readonly readyAt?: number;
  readonly going?: boolean;
}
const target = (facts: readonly PodFact[], cpu = '1'): { pods: readonly Pod[]; samples: Measurement } => {
  const pods = facts.map(({ phase = 'Running', ready = true, startedAt = 0, readyAt = 5, going = false }, i) =>
    pod(`p${i}`, {
      spec: container(cpu),
      phase,
      metadata: going ? { deletionTimestamp: at(1) } : {},
      status: { startTime: at(startedAt), conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(readyAt) }] },
    }),
  );
  const samples = facts.flatMap(({ use }, i) => (use === undefined ? [] : [[`p${i}`, { milliValue: use, atMs: NOW - 1000, windowMs: 60_000 }] as const]));
  return { pods, samples: { samples: new Map(samples) } };
};
const utilization = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const autoscaler = (spec: Partial<HorizontalPodAutoscalerSpec>): HorizontalPodAutoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h', namespace: 'default' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 100, ...spec },
});
interface Case {
  readonly spec?: Partial<HorizontalPodAutoscalerSpec>;
  readonly metrics: readonly MetricSpec[];
  readonly measurements: readonly Measurement[];
  readonly pods?: readonly Pod[];
  readonly current?: number;
}
const plan = ({ spec = {}, metrics, measurements, pods = [], current = pods.length }: Case): AutoscalerPlan =>
  computeAutoscaler({
    nowMs: NOW,
    autoscaler: autoscaler({ metrics, ...spec }),
    currentReplicas: current,
    statusReplicas: current,
    pods,
    measurements,
    memory: NO_MEMORY,
  });
const cpu = (facts: readonly PodFact[], wanted: number, spec: Partial<HorizontalPodAutoscalerSpec> = {}): AutoscalerPlan => {
  const { pods, samples } = target(facts);
  return plan({ spec, metrics: [utilization(wanted)], measurements: [samples], pods });
};

describe('use of the CPU', () => {
  it.each<{ name: string; facts: readonly PodFact[]; wanted: number; desired: number }>([
    { name: 'above the target', facts: [{ use: 300 }, { use: 500 }, { use: 700 }], wanted: 30, desired: 5 },
    { name: 'below the target', facts: [{ use: 100 }, { use: 300 }, { use: 500 }, { use: 250 }, { use: 250 }], wanted: 50, desired: 3 },
    { name: 'at the target', facts: [{ use: 500 }, { use: 520 }], wanted: 50, desired: 2 },
    { name: 'within the tolerance', facts: [{ use: 549 }, { use: 549 }], wanted: 50, desired: 2 },
    { name: 'just beyond the tolerance', facts: [{ use: 560 }, { use: 560 }], wanted: 50, desired: 3 },
    { name: 'a Pod without a value keeps growth small', facts: [{ use: 900 }, { use: 900 }, {}], wanted: 50, desired: 4 },
    { name: 'a Pod without a value keeps shrinking small', facts: [{ use: 100 }, { use: 100 }, { use: 100 }, {}], wanted: 50, desired: 3 },
    { name: 'a Pod without a value does not turn growth into shrinking', facts: [{ use: 600 }, {}, {}], wanted: 50, desired: 3 },
    {
      name: 'a Pod that is not ready counts as idle when there is growth',
      facts: [{ use: 900 }, { use: 900, ready: false, startedAt: 3590 }],
      wanted: 50,
      desired: 2,
    },
    { name: 'a Pod that was ready once counts', facts: [{ use: 900 }, { use: 900, ready: false, startedAt: 0, readyAt: 1000 }], wanted: 50, desired: 4 },
    { name: 'a Pod that was never ready does not', facts: [{ use: 900 }, { use: 900, ready: false, startedAt: 0, readyAt: 10 }], wanted: 50, desired: 2 },
    { name: 'a sample from before it was ready does not', facts: [{ use: 900 }, { use: 900, startedAt: 3540, readyAt: 3590 }], wanted: 50, desired: 2 },
    { name: 'Pending ones do not use anything', facts: [{ use: 900 }, { phase: 'Pending' }], wanted: 50, desired: 2 },
    { name: 'those that go or failed do not count', facts: [{ use: 900 }, { use: 100, going: true }, { use: 100, phase: 'Failed' }], wanted: 50, desired: 2 },
  ])('$name', ({ facts, wanted, desired }) => expect(cpu(facts, wanted).desiredReplicas).toBe(desired));

  it('a tolerance of its own for each direction', () => {
    const facts = [{ use: 540 }, { use: 540 }];
    expect(cpu(facts, 50, { behavior: { scaleUp: { tolerance: '0.05' } } }).desiredReplicas).toBe(3);
    expect(cpu(facts, 50, { behavior: { scaleDown: { tolerance: '0.05' } } }).desiredReplicas).toBe(2);
  });

  it('a container that asks for nothing has no utilization', () => {
    const { pods, samples } = target([{ use: 100 }]);
    const bare = pods.map((each) => ({ ...each, spec: { containers: [{ name: 'c', image: 'i' }] } }));
    const planned = plan({ metrics: [utilization(50)], measurements: [samples], pods: bare });
    expect(planned.conditions[0]).toMatchObject({ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' });
    expect(planned.error).toContain('missing request for cpu in container c of Pod p0');
  });

  it('tells what it is now', () => {
    expect(cpu([{ use: 300 }, { use: 500 }], 30).metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '400m' } } },
    ]);
  });
});

describe('other metrics', () => {
  const { pods, samples } = target([{ use: 10_000 }, { use: 20_000 }, { use: 30_000 }]);
  const milli = (text: string): number => quantityToMillis(parseQuantity(text));
  it.each<{ name: string; metric: MetricSpec; measured: Measurement; desired: number; current?: number }>([
    {
      name: 'resource by value',
      metric: { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '10' } } },
      measured: samples,
      desired: 6,
    },
    {
      name: 'one container',
      metric: { type: 'ContainerResource', containerResource: { name: 'memory', container: 'c', target: { type: 'AverageValue', averageValue: '40' } } },
      measured: samples,
      desired: 2,
    },
    {
      name: 'Pods',
      metric: { type: 'Pods', pods: { metric: { name: 'qps' }, target: { type: 'AverageValue', averageValue: '15' } } },
      measured: samples,
      desired: 4,
    },
    {
      name: 'an object',
      metric: { type: 'Object', object: { metric: { name: 'qps' }, describedObject: { kind: 'Ingress', name: 'i' }, target: { type: 'Value', value: '20' } } },
      measured: { milliValue: milli('33') },
      desired: 5,
    },
    {
      name: 'an object, for each Pod',
      metric: {
        type: 'Object',
        object: { metric: { name: 'qps' }, describedObject: { kind: 'Ingress', name: 'i' }, target: { type: 'AverageValue', averageValue: '20' } },
      },
      measured: { milliValue: milli('110') },
      desired: 6,
    },
    {
      name: 'external',
      metric: { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '10' } } },
      measured: { milliValue: milli('20') },
      desired: 6,
    },
    {
      name: 'external, for each Pod',
      metric: { type: 'External', external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '10' } } },
      measured: { milliValue: milli('31') },
      desired: 3,
    },
    {
      name: 'external, from nothing',
      metric: { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '10' } } },
      measured: { milliValue: milli('25') },
      desired: 3,
      current: 0,
    },
  ])('$name', ({ metric, measured, desired, current = 3 }) => {
    const ready = pods.map((each) => ({ ...each, status: { ...each.status, phase: 'Running' as const } }));
    const planned = plan({
      spec: { minReplicas: current === 0 ? 0 : 1 },
      metrics: [metric],
      measurements: [measured],
      pods: current === 0 ? [] : ready,
      current,
    });
    expect(planned.desiredReplicas).toBe(desired);
  });

  it('the most that any asks for counts', () => {
    const { pods: all, samples: use } = target([{ use: 500 }, { use: 500 }]);
    const external = (value: string): MetricSpec => ({
      type: 'External',
      external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: value } },
    });
    const planned = plan({
      metrics: [utilization(50), external('10'), external('5')],
      measurements: [use, { milliValue: 30_000 }, { milliValue: 20_000 }],
      pods: all,
    });
    expect([planned.desiredReplicas, planned.reason]).toEqual([4, 'external metric q(nil) above target']);
  });

  it('a metric that cannot be had does not keep it from growing, but from shrinking', () => {
    const [up, down] = [target([{ use: 900 }, { use: 900 }]), target([{ use: 100 }, { use: 100 }])];
    const metrics = [utilization(50), utilization(50)];
    expect(plan({ metrics, measurements: [up.samples, { error: 'gone' }], pods: up.pods }).desiredReplicas).toBe(4);
    const kept = plan({ metrics, measurements: [{ error: 'gone' }, down.samples], pods: down.pods });
    expect([kept.desiredReplicas, kept.error]).toEqual([2, 'invalid metrics (1 invalid out of 2), first error is: gone']);
  });
});

describe('bounds', () => {
  it.each([
    { name: 'above the most', current: 12, spec: { maxReplicas: 10 }, desired: 10, reason: 'Current number of replicas above Spec.MaxReplicas' },
    { name: 'below the least', current: 1, spec: { minReplicas: 3 }, desired: 3, reason: 'Current number of replicas below Spec.MinReplicas' },
    { name: 'at zero it is switched off', current: 0, spec: { minReplicas: 1 }, desired: 0, reason: undefined },
  ])('$name', ({ current, spec, desired, reason }) => {
    const planned = plan({ spec, metrics: [], measurements: [], current });
    expect([planned.desiredReplicas, planned.reason]).toEqual([desired, reason]);
  });
});

describe('rates and stabilization', () => {
  const base: LimitInput = { nowMs: NOW, current: 10, desired: 10, min: 1, max: 100, behavior: undefined, memory: NO_MEMORY };
  const ago = (seconds: number, replicas: number): { atMs: number; replicas: number } => ({ atMs: NOW - seconds * 1000, replicas });
  const memory = (more: Partial<HpaMemory>): HpaMemory => ({ ...NO_MEMORY, ...more });
  const pods = (value: number, periodSeconds = 60): { type: string; value: number; periodSeconds: number } => ({ type: 'Pods', value, periodSeconds });
  const percent = (value: number, periodSeconds = 60): { type: string; value: number; periodSeconds: number } => ({ type: 'Percent', value, periodSeconds });
  it.each<{ name: string; input: Partial<LimitInput>; desired: number; limited?: string; able?: string }>([
    { name: 'as desired', input: { desired: 15 }, desired: 15, limited: 'DesiredWithinRange', able: 'ReadyForNewScale' },
    { name: 'at most twice as many', input: { desired: 50 }, desired: 20, limited: 'ScaleUpLimit' },
    { name: 'or four', input: { current: 1, desired: 50 }, desired: 4, limited: 'ScaleUpLimit' },
    { name: 'at most the most', input: { desired: 50, max: 12 }, desired: 12, limited: 'TooManyReplicas' },
    { name: 'at least the least', input: { desired: 1, min: 3 }, desired: 3, limited: 'TooFewReplicas' },
    {
      name: 'goes down to the highest of the last five minutes',
      input: { desired: 2, memory: memory({ recommendations: [ago(299, 8), ago(301, 9)] }) },
      desired: 8,
      able: 'ScaleDownStabilized',
    },
    {
      name: 'with rules: by the larger policy',
      input: { desired: 50, behavior: { scaleUp: { policies: [pods(3), percent(50)] } } },
      desired: 15,
      limited: 'ScaleUpLimit',
    },
    {
      name: 'with rules: by the smaller policy',
      input: { desired: 50, behavior: { scaleUp: { selectPolicy: 'Min', policies: [pods(3), percent(50)] } } },
      desired: 13,
    },
    { name: 'with rules: not at all', input: { desired: 50, behavior: { scaleUp: { selectPolicy: 'Disabled' } } }, desired: 10 },
    {
      name: 'with rules: what was added in the period counts',
      input: { desired: 50, behavior: { scaleUp: { policies: [pods(3)] } }, memory: memory({ ups: [ago(59, 2), ago(61, 7)] }) },
      desired: 11,
    },
    { name: 'with rules: the default is the larger of four and twice as many', input: { current: 2, desired: 50, behavior: { scaleDown: {} } }, desired: 6 },
    {
      name: 'with rules: down by a number',
      input: { desired: 1, behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [pods(4)] } } },
      desired: 6,
      limited: 'ScaleDownLimit',
    },
    {
      name: 'with rules: down by a share',
      input: { desired: 1, behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [percent(25)] } } },
      desired: 7,
    },
    {
      name: 'with rules: down by the smaller',
      input: { desired: 1, behavior: { scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'Min', policies: [pods(4), percent(25)] } } },
      desired: 7,
    },
    {
      name: 'with rules: what went in the period counts',
      input: { desired: 1, behavior: { scaleDown: { stabilizationWindowSeconds: 0, policies: [pods(4)] } }, memory: memory({ downs: [ago(10, 3)] }) },
      desired: 9,
    },
    {
      name: 'with rules: growth waits for its window',
      input: { desired: 20, behavior: { scaleUp: { stabilizationWindowSeconds: 60 } }, memory: memory({ recommendations: [ago(50, 12)] }) },
      desired: 12,
      able: 'ScaleUpStabilized',
    },
    {
      name: 'with rules: a window of its own for going down',
      input: { desired: 2, behavior: { scaleDown: { stabilizationWindowSeconds: 60 } }, memory: memory({ recommendations: [ago(50, 6), ago(70, 9)] }) },
      desired: 6,
      able: 'ScaleDownStabilized',
    },
  ])('$name', ({ input, desired, limited, able }) => {
    const result = limitDesired({ ...base, ...input });
    expect(result.desired).toBe(desired);
    if (limited !== undefined) expect(result.limited.reason).toBe(limited);
    if (able !== undefined) expect(result.able.reason).toBe(able);
  });
});
