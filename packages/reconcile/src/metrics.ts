/** Values that tell instruments of one name apart. */
export type MetricLabels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(amount: number): void;
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number): void;
}

/** Measured values, such as durations in seconds. */
export interface Histogram {
  observe(value: number): void;
}

/**
 * Where figures go. Instruments are made once per queue, controller and informer, so an implementation may be slow to make and must be quick to use. Names and labels are
 * those of client-go and controller-runtime where these have the figure, so that dashboards work.
 */
export interface Metrics {
  counter(name: string, labels: MetricLabels): Counter;
  gauge(name: string, labels: MetricLabels): Gauge;
  histogram(name: string, labels: MetricLabels): Histogram;
}

const NOTHING: Counter & Gauge & Histogram = Object.freeze({ add: () => undefined, set: () => undefined, observe: () => undefined });

/** Discards everything: the default. */
export const noopMetrics: Metrics = Object.freeze({ counter: () => NOTHING, gauge: () => NOTHING, histogram: () => NOTHING });
