import { defaultPlugins } from '@kybern/scheduler';
import type { Benchmark } from '../../../scripts/benchmark.ts';
import { decide } from './scheduler-perf/decide.ts';
import type { WorkloadData } from './scheduler-perf/workload.ts';

const basic = (nodes: number, count: number): WorkloadData => ({
  test: 'SchedulingBasic',
  variant: `${nodes}Nodes`,
  nodes,
  nodeTemplate: 'node-default',
  init: [],
  measure: { template: 'pod-default', count },
  thresholdPodsPerSec: null,
});
const adaptive = { plugins: defaultPlugins(), percentageOfNodesToScore: 0 };

/** How the cost of a Pod grows with the number of nodes. */
const curve: readonly Benchmark[] = [100, 300, 1000, 3000, 10_000, 30_000, 100_000].map((nodes) => ({
  name: `curve: cost of a Pod, ${nodes} nodes`,
  unit: 'µs',
  better: 'lower',
  run() {
    decide(basic(nodes, Math.min(2000, nodes * 30)), adaptive);
    const { podsPerSec, p99Ms } = decide(basic(nodes, Math.min(10_000, nodes * 30)), adaptive);
    return { value: 1e6 / podsPerSec, more: { podsPerSec, p99Ms } };
  },
}));

/** All of a very large cluster. */
const whole: Benchmark = {
  name: 'curve: 100,000 Pods on 100,000 nodes, decided',
  unit: 's',
  better: 'lower',
  aim: 20,
  run() {
    const { podsPerSec, p99Ms } = decide(basic(100_000, 100_000), adaptive);
    return { value: 100_000 / podsPerSec, more: { podsPerSec, p99Ms, rssMiB: process.memoryUsage().rss / 1024 ** 2 } };
  },
};

/** How the scheduler scales. */
export const benchmarks: readonly Benchmark[] = [...curve, whole];
