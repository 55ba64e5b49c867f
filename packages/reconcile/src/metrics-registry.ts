import type { Counter, Gauge, Histogram, MetricLabels, Metrics } from './metrics.ts';

/** Metrics that keep their figures, and print them for Prometheus. */
export interface MetricsRegistry extends Metrics {
  /** All figures in Prometheus' text format, for an endpoint such as `/metrics`. */
  text(): string;
}

/** Upper bounds of the histograms' buckets in seconds. */
const BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];

/** Instruments of one name, by their labels as text. */
interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: Map<string, () => readonly (readonly [suffix: string, value: number])[]>;
  readonly instruments: Map<string, unknown>;
}

/**
 * Makes a {@link MetricsRegistry}. Asking twice for the same name and labels gives the same instrument.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function createMetricsRegistry(): MetricsRegistry {
  const families = new Map<string, Family>();
  const register = <I>(name: string, labels: MetricLabels, make: Instrument<I>): I => {
    const family = families.get(name) ?? { type: make.type, samples: new Map(), instruments: new Map() };
    if (family.type !== make.type) throw new RangeError(`metric "${name}" is a ${family.type}, not a ${make.type}`);
    families.set(name, family);
    const text = labelText(labels);
    const known = family.instruments.get(text) as I | undefined;
    if (known !== undefined) return known;
    const { instrument, samples } = make.make(text);
    family.instruments.set(text, instrument);
    family.samples.set(text, samples);
    return instrument;
  };
  return {
    counter: (name, labels) => register(name, labels, COUNTER),
    gauge: (name, labels) => register(name, labels, GAUGE),
    histogram: (name, labels) => register(name, labels, HISTOGRAM),
    text: () => [...families].map(([name, family]) => familyText(name, family)).join(''),
  };
}

interface Instrument<I> {
  readonly type: Family['type'];
  /** @param labels as text, without braces */
  readonly make: (labels: string) => { readonly instrument: I; readonly samples: () => readonly (readonly [suffix: string, value: number])[] };
}

const COUNTER: Instrument<Counter> = {
  type: 'counter',
  make(labels) {
    let total = 0;
    return { instrument: { add: (amount) => void (total += amount) }, samples: () => [[braced(labels), total]] };
  },
};

const GAUGE: Instrument<Gauge> = {
  type: 'gauge',
  make(labels) {
    let current = 0;
    return { instrument: { set: (value) => void (current = value) }, samples: () => [[braced(labels), current]] };
  },
};

const HISTOGRAM: Instrument<Histogram> = {
  type: 'histogram',
  make(labels) {
    const counts = BUCKETS.map(() => 0);
    let [count, sum] = [0, 0];
    const observe = (value: number): void => {
      count += 1;
      sum += value;
      BUCKETS.forEach((bound, at) => value <= bound && counts.splice(at, 1, (counts[at] ?? 0) + 1));
    };
    const bucket = (bound: string): string => `_bucket${braced(`${labels}${labels === '' ? '' : ','}le="${bound}"`)}`;
    return {
      instrument: { observe },
      samples: () => [
        ...BUCKETS.map((bound, at) => [bucket(String(bound)), counts[at] ?? 0] as const),
        [bucket('+Inf'), count],
        [`_sum${braced(labels)}`, sum],
        [`_count${braced(labels)}`, count],
      ],
    };
  },
};

function labelText(labels: MetricLabels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`)
    .join(',');
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function familyText(name: string, { type, samples }: Family): string {
  const lines = [...samples.values()].flatMap((read) => read().map(([suffix, value]) => `${name}${suffix} ${value}\n`));
  return `# TYPE ${name} ${type}\n${lines.join('')}`;
}
