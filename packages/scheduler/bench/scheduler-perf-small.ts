import type { Benchmark } from '../../../scripts/benchmark.ts';
import { rowBenchmarks } from './scheduler-perf/rows.ts';
import { smallerWorkloads } from './scheduler-perf/workload.ts';

/** kube-scheduler's own workloads in their smaller variants. */
export const benchmarks: readonly Benchmark[] = smallerWorkloads.flatMap(rowBenchmarks);
