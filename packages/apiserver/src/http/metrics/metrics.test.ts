import type { Kind } from '@kybern/core';
import { ConfigMap, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../../request.ts';
import { formatMetrics } from './exposition.ts';
import { createRequestMetrics } from './request-metrics.ts';

const user = { username: 'me' };
const request = (rest: Partial<ApiRequest> = {}): ApiRequest => ({ verb: 'get', kind: Pod as Kind, namespace: 'default', name: 'a', user, ...rest });

describe('formatMetrics', () => {
  it('writes what Prometheus reads', () => {
    const samples = [{ labels: { a: 'x"y\\z\n', b: '' }, value: 2 }, { suffix: '_sum', value: 0.5 }, { value: Infinity }];
    expect(formatMetrics([{ name: 'm', help: 'One\nline.', type: 'counter', samples }])).toBe(
      '# HELP m One\\nline.\n# TYPE m counter\nm{a="x\\"y\\\\z\\n",b=""} 2\nm_sum 0.5\nm +Inf\n',
    );
  });
});

describe('createRequestMetrics', () => {
  it('counts by verb, resource, scope and code, and adds up the seconds', () => {
    let nowMs = 0;
    const metrics = createRequestMetrics(() => nowMs);
    for (const [ms, code] of [
      [4, 200],
      [40, 200],
      [70_000, 404],
    ] as const) {
      const measured = metrics.begin(request());
      nowMs += ms;
      measured.done(code);
    }
    metrics.begin(request({ verb: 'patch', patchType: 'apply', options: { dryRun: true } })).done(201);
    const text = formatMetrics(metrics.read());
    const labels = 'component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"';
    expect(text).toContain(`apiserver_request_total{code="200",${labels}} 2\n`);
    expect(text).toContain(`apiserver_request_total{code="404",${labels}} 1\n`);
    expect(text).toContain(`apiserver_request_duration_seconds_bucket{${labels},le="0.005"} 1\n`);
    expect(text).toContain(`apiserver_request_duration_seconds_bucket{${labels},le="0.05"} 2\n`);
    expect(text).toContain(`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} 3\n`);
    expect(text).toContain(`apiserver_request_duration_seconds_sum{${labels}} 70.044\n`);
    expect(text).toContain(`apiserver_request_duration_seconds_count{${labels}} 3\n`);
    expect(text).toMatch(/apiserver_request_total\{code="201",component="apiserver",dry_run="All",.*verb="APPLY"/);
  });

  it('tells what is being answered, and what lasts apart from it', () => {
    const metrics = createRequestMetrics(() => 0);
    const watch = metrics.begin(request({ verb: 'watch', name: undefined, namespace: undefined }));
    const log = metrics.begin(request({ subresource: 'log' }));
    const list = metrics.begin(request({ verb: 'list', name: undefined }));
    const put = metrics.begin(request({ verb: 'update' }));
    const during = formatMetrics(metrics.read());
    expect(during).toContain(
      'apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} 1\n',
    );
    expect(during).toMatch(/apiserver_longrunning_requests\{.*subresource="log",verb="GET".*\} 1\n/);
    expect(during).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 1\n');
    expect(during).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 1\n');
    for (const each of [watch, log, list, put]) each.done(200);
    const after = formatMetrics(metrics.read());
    expect(after).not.toMatch(/^apiserver_longrunning_requests\{/m);
    expect(after).toContain('request_kind="mutating"} 0\n');
  });

  it('has no label that a client can make up', () => {
    const metrics = createRequestMetrics(() => 0);
    for (let i = 0; i < 50; i++) metrics.begin(request({ name: `n-${String(i)}`, namespace: `ns-${String(i)}`, subresource: `s-${String(i)}` })).done(404);
    metrics.begin(request({ kind: ConfigMap as Kind })).done(200);
    const counts = formatMetrics(metrics.read())
      .split('\n')
      .filter((line) => line.startsWith('apiserver_request_total{'));
    expect(counts).toHaveLength(2);
    expect(counts[0]).toMatch(/subresource="unknown".* 50$/);
  });
});
