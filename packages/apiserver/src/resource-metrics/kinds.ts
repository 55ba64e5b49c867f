import { defineKind, type Kind } from '@kybern/core';

/** The group that tells what nodes and Pods use. */
export const METRICS_GROUP = 'metrics.k8s.io';

const TIMES = { timestamp: { type: 'string', format: 'date-time' }, window: { type: 'string' } } as const;
const USAGE = { type: 'object', additionalProperties: { type: 'string' } } as const;
const VERBS: readonly string[] = Object.freeze(['get', 'list']);

/**
 * The kinds of `metrics.k8s.io`: read only, made when they are asked for.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go
 */
export function resourceMetricsKinds(): readonly Kind[] {
  const common = { group: METRICS_GROUP, version: 'v1beta1' } as const;
  const nodes = defineKind({
    ...common,
    kind: 'NodeMetrics',
    scope: 'Cluster',
    plural: 'nodes',
    singular: 'node',
    schema: { type: 'object', properties: { ...TIMES, usage: USAGE } },
  });
  const pods = defineKind({
    ...common,
    kind: 'PodMetrics',
    scope: 'Namespaced',
    plural: 'pods',
    singular: 'pod',
    schema: {
      type: 'object',
      properties: { ...TIMES, containers: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, usage: USAGE } } } },
    },
  });
  return [nodes, pods].map((kind) => Object.freeze({ ...kind, verbs: VERBS }) as Kind);
}
