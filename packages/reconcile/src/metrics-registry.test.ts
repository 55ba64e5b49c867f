import { describe, expect, it } from 'vitest';
import { createMetricsRegistry, noopMetrics } from './index.ts';

describe('the metrics registry', () => {
  it('prints what Prometheus reads', () => {
    const metrics = createMetricsRegistry();
    metrics.counter('requests_total', { verb: 'get' }).add(2);
    metrics.counter('requests_total', { verb: 'get' }).add(1);
    metrics.counter('requests_total', { verb: 'a "quoted"\nname\\' }).add(1);
    metrics.gauge('depth', {}).set(7);
    const histogram = metrics.histogram('seconds', { queue: 'q' });
    for (const seconds of [0.002, 0.2, 1_000]) histogram.observe(seconds);
    const text = metrics.text();
    expect(text).toContain('# TYPE requests_total counter\nrequests_total{verb="get"} 3\nrequests_total{verb="a \\"quoted\\"\\nname\\\\"} 1\n');
    expect(text).toContain('# TYPE depth gauge\ndepth 7\n');
    expect(text).toContain('seconds_bucket{queue="q",le="0.001"} 0\nseconds_bucket{queue="q",le="0.005"} 1\n');
    expect(text).toContain('seconds_bucket{queue="q",le="0.5"} 2\n');
    expect(text).toContain('seconds_bucket{queue="q",le="+Inf"} 3\nseconds_sum{queue="q"} 1000.202\nseconds_count{queue="q"} 3\n');
  });

  it('refuses one name for two types', () => {
    const metrics = createMetricsRegistry();
    metrics.gauge('depth', {});
    expect(() => metrics.counter('depth', {})).toThrow('metric "depth" is a gauge, not a counter');
  });

  it('the default keeps nothing', () => {
    noopMetrics.counter('a', {}).add(1);
    noopMetrics.gauge('a', {}).set(1);
    noopMetrics.histogram('a', {}).observe(1);
  });
});
