import { expectTypeOf } from 'vitest';
import { createScheduler } from './engine/scheduler.ts';
import type { FilterPlugin, Plugin, ScorePlugin } from './engine/plugin.ts';
import { defaultPlugins } from './plugins/default-plugins.ts';

// A plugin for Pods needs no type arguments; what it is given is known.
const packGpus: ScorePlugin = { name: 'PackGpus', score: (pod, node) => ((node.requested['nvidia.com/gpu'] ?? 0) > 0 && pod.spec.priority !== 1 ? 100 : 0) };
expectTypeOf([...defaultPlugins(), packGpus]).toEqualTypeOf<Plugin[]>();
expectTypeOf(createScheduler({ plugins: [...defaultPlugins(), packGpus] }).schedule)
  .parameter(0)
  .toHaveProperty('spec');

// A plugin for something else says so once; the scheduler takes its types from its plugins.
interface Job {
  readonly size: number;
}
interface Machine {
  readonly name: string;
  readonly free: number;
}
const fits: FilterPlugin<Job, Machine> = {
  name: 'Fits',
  filter: (job, machine) => (job.size > machine.free ? { code: 'Unschedulable', reasons: [] } : undefined),
};
const engine = createScheduler({ plugins: [fits] });
expectTypeOf(engine.schedule({ size: 1 }, { nodes: [{ name: 'a', free: 1 }] }).node).toEqualTypeOf<string | undefined>();

// @ts-expect-error -- a filter plugin must filter
export const incomplete: FilterPlugin = { name: 'Incomplete' };
// @ts-expect-error -- there is no such extension point
export const misspelt: Plugin = { name: 'Misspelt', fliter: () => undefined };
// @ts-expect-error -- a Job is no Pod
createScheduler().schedule({ size: 1 }, { nodes: [] });
