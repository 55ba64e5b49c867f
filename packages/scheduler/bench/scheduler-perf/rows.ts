import { defaultPlugins, type Plugin } from '@kybern/scheduler';
import type { Benchmark } from '../../../../scripts/benchmark.ts';
import { decideAndBind } from './bind.ts';
import { decide } from './decide.ts';
import type { WorkloadData } from './workload.ts';

/** Ten times upstream's threshold, and never below this. */
const LEAST_PODS_PER_SEC = 1000;
const BASIC = 'SchedulingBasic';

/** What a row needs besides the plugins that every row uses. */
const NEEDS: readonly (readonly [pattern: RegExp, plugin: string])[] = [
  [/^Preemption/, 'DefaultPreemption'],
  [/Affinity|MixedSchedulingBasePod/, 'InterPodAffinity'],
  [/TopologySpreading|NodeInclusionPolicy/, 'PodTopologySpread'],
  [/PVs$/, 'VolumeBinding'],
  [/^SchedulingWithResourceClaim|^SteadyState/, 'DynamicResources'],
  [/^GangScheduling/, 'GangScheduling'],
];

/** The figures of one row: decisions alone and with binding, adaptive and with all nodes scored. */
export function rowBenchmarks(row: WorkloadData): readonly Benchmark[] {
  return [0, 100].flatMap((percentageOfNodesToScore) => {
    const mode = percentageOfNodesToScore === 0 ? '' : ', all scored';
    const options = { plugins: pluginsFor(row), percentageOfNodesToScore };
    const name = `${row.test} ${row.variant.split('/batch')[0] ?? ''}`;
    const decided: Benchmark = {
      ...frame(row, 30_000),
      name: `${name} decide${mode}`,
      run() {
        decide(row, options, 0.1);
        const { podsPerSec, ...more } = decide(row, options);
        return { value: podsPerSec, more: { ...more } };
      },
    };
    const bound: Benchmark = {
      ...frame(row, 8000),
      name: `${name} decide + bind${mode}`,
      async run() {
        await decideAndBind(row, options, 0.1);
        const { podsPerSec, ...more } = await decideAndBind(row, options);
        return { value: podsPerSec, more: { ...more } };
      },
    };
    return [decided, bound];
  });
}

function frame(row: WorkloadData, basicAim: number): Omit<Benchmark, 'name' | 'run'> {
  const threshold = row.thresholdPodsPerSec;
  const missing = missingFor(row);
  const aim = row.test === BASIC && row.nodes === 5000 ? basicAim : Math.max(LEAST_PODS_PER_SEC, 10 * (threshold ?? 0));
  return {
    unit: 'pods/s',
    better: 'higher',
    aim,
    ...(threshold === null ? {} : { peer: { name: "kube-scheduler's threshold", run: () => threshold } }),
    ...(missing === undefined ? {} : { missing }),
  };
}

function pluginsFor({ disabledPlugins = [] }: WorkloadData): readonly Plugin[] {
  return defaultPlugins().filter(({ name }) => !disabledPlugins.includes(name));
}

/** Why a row cannot be run yet. */
function missingFor({ test }: WorkloadData): string | undefined {
  if (test.startsWith('EventHandling')) return 'its operations are not modelled yet';
  const plugins = new Set(defaultPlugins().map(({ name }) => name));
  const plugin = NEEDS.find(
    ([pattern, needed]) => pattern.test(test) && !plugins.has(needed) && !(needed === 'InterPodAffinity' && test === 'SchedulingNodeAffinity'),
  )?.[1];
  return plugin === undefined ? undefined : `plugin ${plugin} is not there yet`;
}
