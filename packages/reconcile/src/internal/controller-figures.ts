import type { Counter, Gauge, Histogram, Metrics } from '../metrics.ts';
import { noopMetrics } from '../metrics.ts';

/** The figures of one controller. */
export interface ControllerFigures {
  readonly results: Readonly<Record<'success' | 'requeue_after' | 'error' | 'terminal_error', Counter>>;
  readonly seconds: Histogram;
  readonly active: Gauge;
  readonly staleCache: Counter;
  /** How long keys waited for the caches to show what they had written: how far the caches lag behind, measured where it matters. */
  readonly lagSeconds: Histogram;
}

/** Undefined when nobody wants figures. @see controller-runtime v0.21 pkg/internal/controller/metrics/metrics.go */
export function createControllerFigures(metrics: Metrics, controller: string): ControllerFigures | undefined {
  if (metrics === noopMetrics) return undefined;
  const result = (name: string): Counter => metrics.counter('controller_runtime_reconcile_total', { controller, result: name });
  return {
    results: { success: result('success'), requeue_after: result('requeue_after'), error: result('error'), terminal_error: result('terminal_error') },
    seconds: metrics.histogram('controller_runtime_reconcile_time_seconds', { controller }),
    active: metrics.gauge('controller_runtime_active_workers', { controller }),
    staleCache: metrics.counter('kybern_reconcile_stale_cache_total', { controller }),
    lagSeconds: metrics.histogram('kybern_reconcile_cache_lag_seconds', { controller }),
  };
}
