import type { Kind } from '@kybern/core';
import { builtinKinds, HorizontalPodAutoscaler, Pod } from '@kybern/core/kinds';
import { defineController, done, generationChanged, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { autoscale } from './apply.ts';
import type { HpaMemory } from './behavior.ts';
import type { MetricsSource } from './metrics.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { createAutoscalerSelectors } from './selectors.ts';

/** Options of {@link horizontalPodAutoscalerController}. */
export interface HorizontalPodAutoscalerOptions {
  /** Where values come from. Default: {@link resourceMetrics}, what the server says in `metrics.k8s.io`, if it serves that. */
  readonly metrics?: MetricsSource;
  /** How often each autoscaler looks, in ms. Default 15 s. */
  readonly syncPeriodMs?: number;
  /** The kinds that can be targets. Default: the built-in ones. */
  readonly kinds?: () => readonly Kind[];
}

/**
 * Makes targets larger and smaller by their metrics.
 *
 * What it recommended and did in the last minutes is remembered in this process only, as in Kubernetes.
 *
 * @see kubernetes v1.36 pkg/controller/podautoscaler
 */
export function horizontalPodAutoscalerController(options: HorizontalPodAutoscalerOptions = {}): ControllerDefinition<HorizontalPodAutoscaler> {
  const { metrics, syncPeriodMs = 15_000, kinds = () => builtinKinds } = options;
  const memories = new Map<string, HpaMemory>();
  const selectors = createAutoscalerSelectors();
  return defineController({
    name: 'horizontal-pod-autoscaler',
    for: HorizontalPodAutoscaler,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    reads: [Pod],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { key, object, client } = request;
      if (object.metadata.deletionTimestamp !== undefined) return done();
      const source = metrics ?? resourceMetrics(client);
      memories.set(key, await autoscale(request, { metrics: source, kinds: kinds(), selectors, memory: memories.get(key) }));
      // It looks for ever: nobody should have to wait for it.
      return requeueAfter(syncPeriodMs, { background: true });
    }),
    onAbsent({ key }) {
      memories.delete(key);
      selectors.forget(key);
      return Promise.resolve(done());
    },
  });
}
