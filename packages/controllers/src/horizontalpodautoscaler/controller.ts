import type { Kind } from '@kybern/core';
import { builtinKinds, HorizontalPodAutoscaler, Pod } from '@kybern/core/kinds';
import { defineController, done, generationChanged, requeueAfter, type ControllerDefinition } from '@kybern/reconcile';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { autoscale } from './apply.ts';
import type { HpaMemory } from './behavior.ts';
import { NO_METRICS, type MetricsSource } from './metrics.ts';

/** Options of {@link horizontalPodAutoscalerController}. */
export interface HorizontalPodAutoscalerOptions {
  /** Where values come from. Default: nowhere, as in a cluster without a metrics server. */
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
  const { metrics = NO_METRICS, syncPeriodMs = 15_000, kinds = () => builtinKinds } = options;
  const memories = new Map<string, HpaMemory>();
  return defineController({
    name: 'horizontal-pod-autoscaler',
    for: HorizontalPodAutoscaler,
    // A write of its own status must not wake it.
    predicates: [generationChanged()],
    reads: [Pod],
    concurrency: 5,
    reconcile: retryOnConflict(async (request) => {
      const { key, object } = request;
      if (object.metadata.deletionTimestamp !== undefined) return done();
      memories.set(key, await autoscale(request, { metrics, kinds: kinds(), memory: memories.get(key) }));
      // It looks for ever: nobody should have to wait for it.
      return requeueAfter(syncPeriodMs, { background: true });
    }),
    onAbsent: ({ key }) => Promise.resolve(memories.delete(key)).then(done),
  });
}
