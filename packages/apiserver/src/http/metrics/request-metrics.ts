import type { Kind } from '@kybern/core';
import type { ApiRequest } from '../../request.ts';
import type { Metric, Sample } from './exposition.ts';

/** A request for an object or a list while it is answered. */
export interface Measured {
  /** @param code of the answer; 0 when there was nobody to answer any more */
  done(code: number): void;
}

/** Counts the requests of a door. The labels are bounded: by the kinds that are served, their subresources, the verbs and the codes. */
export interface RequestMetrics {
  begin(request: ApiRequest): Measured;
  read(): Metric[];
}

/** Upper bounds in seconds. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/metrics/metrics.go (requestLatencies) */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
/** Kinds may come and go: so many series are kept, then the oldest go. */
const MAX_SERIES = 10_000;

/** What requests of one sort came to. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly codes: Map<number, number>;
  /** Invariant: one more than there are bounds; not cumulative. */
  readonly buckets: number[];
  seconds: number;
  running: number;
}

/** Makes {@link RequestMetrics}. @param monotonicMs the time that durations are taken from */
export function createRequestMetrics(monotonicMs: () => number): RequestMetrics {
  const all = new Map<string, Series>();
  const inflight = { mutating: 0, readOnly: 0 };
  return {
    begin(request) {
      const begun = monotonicMs();
      const series = seriesOf(all, request);
      const long = isLongRunning(request);
      const kind = request.verb === 'get' || request.verb === 'list' ? 'readOnly' : 'mutating';
      if (long) series.running += 1;
      else inflight[kind] += 1;
      return {
        done(code) {
          if (long) series.running -= 1;
          else inflight[kind] -= 1;
          observe(series, code, (monotonicMs() - begun) / 1000);
        },
      };
    },
    read: () => [...requestMetrics([...all.values()]), inflightMetric(inflight)],
  };
}

function observe(series: Series, code: number, seconds: number): void {
  series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
  series.seconds += seconds;
  let at = 0;
  while (at < BUCKETS.length && seconds > (BUCKETS[at] as number)) at += 1;
  series.buckets[at] = (series.buckets[at] ?? 0) + 1;
}

/** @see kubernetes v1.36 pkg/kubeapiserver (the long-running verbs and subresources of the generic config) */
const LONG_SUBRESOURCES: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

function isLongRunning({ verb, subresource }: ApiRequest): boolean {
  return verb === 'watch' || (subresource !== undefined && LONG_SUBRESOURCES.has(subresource.split('/', 1)[0] as string));
}

function seriesOf(all: Map<string, Series>, request: ApiRequest): Series {
  const { kind, verb, name, namespace, patchType, options } = request;
  const subresource = knownSubresource(kind, request.subresource);
  const scope = name !== undefined || verb === 'create' ? 'resource' : namespace === undefined ? 'cluster' : 'namespace';
  const dryRun = options?.dryRun === true ? 'All' : '';
  const key = `${kind.group}/${kind.version}/${kind.plural}/${subresource}/${patchType === 'apply' ? patchType : verb}/${scope}/${dryRun}`;
  let series = all.get(key);
  if (series === undefined) {
    const { group, version, plural: resource } = kind;
    const labels = { component: 'apiserver', dry_run: dryRun, group, resource, scope, subresource, verb: verbLabel(request), version };
    all.set(key, (series = { labels, codes: new Map(), buckets: new Array<number>(BUCKETS.length + 1).fill(0), seconds: 0, running: 0 }));
    if (all.size > MAX_SERIES) for (const oldest of all.keys()) return (all.delete(oldest), series);
  }
  return series;
}

/** Anybody can ask for subresources that there are not. */
function knownSubresource({ subresources }: Kind, subresource: string | undefined): string {
  if (subresource === undefined) return '';
  const [name = ''] = subresource.split('/', 1);
  return subresources.some((each) => each.name === name) ? name : 'unknown';
}

const VERBS = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
} as const;

function verbLabel({ verb, patchType }: ApiRequest): string {
  return patchType === 'apply' ? 'APPLY' : VERBS[verb];
}

function requestMetrics(all: readonly Series[]): Metric[] {
  const counts = all.flatMap(({ labels, codes }) => [...codes].map(([code, value]): Sample => ({ labels: { code: String(code), ...labels }, value })));
  return [
    { name: 'apiserver_request_total', help: 'Requests by verb, resource, scope and code of the answer.', type: 'counter', samples: counts },
    {
      name: 'apiserver_request_duration_seconds',
      help: 'How long requests took, in seconds.',
      type: 'histogram',
      samples: all.filter(({ codes }) => codes.size > 0).flatMap(histogramOf),
    },
    {
      name: 'apiserver_longrunning_requests',
      help: 'Requests that last, such as watches, that are being answered.',
      type: 'gauge',
      samples: all.filter(({ running }) => running > 0).map(({ labels: { dry_run: _, ...labels }, running }) => ({ labels, value: running })),
    },
  ];
}

function histogramOf({ labels, buckets, seconds }: Series): Sample[] {
  let below = 0;
  const samples = buckets.map((count, at): Sample => {
    below += count;
    return { suffix: '_bucket', labels: { ...labels, le: at < BUCKETS.length ? String(BUCKETS[at]) : '+Inf' }, value: below };
  });
  return [...samples, { suffix: '_sum', labels, value: seconds }, { suffix: '_count', labels, value: below }];
}

function inflightMetric(inflight: { readonly mutating: number; readonly readOnly: number }): Metric {
  return {
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being answered now, without those that last.',
    type: 'gauge',
    samples: Object.entries(inflight).map(([request_kind, value]) => ({ labels: { request_kind }, value })),
  };
}
