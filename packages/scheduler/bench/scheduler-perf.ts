import type { Benchmark } from '../../../scripts/benchmark.ts';
import { rowBenchmarks } from './scheduler-perf/rows.ts';
import { workloads } from './scheduler-perf/workload.ts';

/** kube-scheduler's own workloads, each in its largest variants. */
export const benchmarks: readonly Benchmark[] = workloads.flatMap(rowBenchmarks);
