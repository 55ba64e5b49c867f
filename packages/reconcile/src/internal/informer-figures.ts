import { groupResource, type Kind } from '@kybern/core';
import { noopMetrics, type Counter, type Gauge, type Metrics } from '../metrics.ts';

/** The figures of one informer. */
export interface InformerFigures {
  /** Lists after the first. */
  readonly relists: Counter;
  readonly faults: Counter;
  /** Changes that only a later list showed. */
  readonly missed: Counter;
  readonly objects: Gauge;
  /** Unix time in seconds of the last sign of life, bookmarks included: the time since is how old the cache may be at most. */
  readonly progress: Gauge;
}

/** Undefined when nobody wants figures. */
export function createInformerFigures(metrics: Metrics, kind: Kind): InformerFigures | undefined {
  if (metrics === noopMetrics) return undefined;
  const labels = { resource: groupResource(kind) };
  return {
    relists: metrics.counter('kybern_informer_relists_total', labels),
    faults: metrics.counter('kybern_informer_faults_total', labels),
    missed: metrics.counter('kybern_informer_missed_changes_total', labels),
    objects: metrics.gauge('kybern_informer_objects', labels),
    progress: metrics.gauge('kybern_informer_last_progress_timestamp_seconds', labels),
  };
}
