import type { Clock, Kind } from '@kybern/core';
import type { StateStore } from '@kybern/state';
import type { KindRegistry } from '../../registry.ts';
import type { Resource } from '../../resource.ts';
import { formatMetrics, type Metric, type Sample } from './exposition.ts';
import type { RequestMetrics } from './request-metrics.ts';

/** What the metrics of a server are read from. */
export interface MetricsSource {
  readonly requests: RequestMetrics;
  readonly kinds: KindRegistry;
  readonly state: StateStore;
  readonly clock: Clock;
  resource(kind: Kind): Pick<Resource, 'prefix'>;
}

/** Everything that `/metrics` tells, as Prometheus reads it. */
export async function metricsText(source: MetricsSource): Promise<string> {
  return formatMetrics([...source.requests.read(), await objectCounts(source), ...processMetrics(source.clock)]);
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/storage/etcd3/metrics/metrics.go (objectCounts) */
async function objectCounts({ kinds, state, resource }: MetricsSource): Promise<Metric> {
  const samples = new Map<string, Sample>();
  for (const kind of kinds.list()) {
    const { prefix } = resource(kind);
    // Several versions of a kind are stored as one.
    if (samples.has(prefix)) continue;
    const { records, remaining } = await state.range(prefix, { limit: 1 });
    const labels = { group: kind.group, resource: kind.plural };
    samples.set(prefix, { labels, value: records.length + remaining });
  }
  return { name: 'apiserver_resource_objects', help: 'Objects that are stored, by resource.', type: 'gauge', samples: samples.values() };
}

function processMetrics(clock: Clock): Metric[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const one = (name: string, type: Metric['type'], help: string, value: number): Metric => ({ name, type, help, samples: [{ value }] });
  return [
    one('process_cpu_seconds_total', 'counter', 'Processor time of the process, in seconds.', (user + system) / 1e6),
    one('process_resident_memory_bytes', 'gauge', 'Memory of the process that is resident, in bytes.', rss),
    one('process_start_time_seconds', 'gauge', 'When the process started, in seconds since the Unix epoch.', clock.now() / 1000 - process.uptime()),
    one('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use, in bytes.', heapUsed),
    one('nodejs_heap_size_total_bytes', 'gauge', 'Size of the heap, in bytes.', heapTotal),
    one('nodejs_external_memory_bytes', 'gauge', 'Memory of buffers outside of the heap, in bytes.', external),
  ];
}
