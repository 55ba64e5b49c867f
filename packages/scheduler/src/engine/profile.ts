import { SchedulerConfigError } from '../errors.ts';
import type { Plugin } from './plugin.ts';
import type { Bin } from './snapshot.ts';

/** A plugin that has the extension point `K`. */
export type Having<Item, B extends Bin, K extends keyof Plugin> = Plugin<Item, B> & Required<Pick<Plugin<Item, B>, K>>;

/** A set of plugins, sorted by extension point. Each list keeps the order of the set. */
export interface Profile<Item, B extends Bin> {
  readonly plugins: readonly Plugin<Item, B>[];
  readonly preEnqueue: readonly Having<Item, B, 'preEnqueue'>[];
  readonly queueSort: Having<Item, B, 'less'> | undefined;
  readonly preFilter: readonly Having<Item, B, 'preFilter'>[];
  readonly filter: readonly Having<Item, B, 'filter'>[];
  readonly postFilter: readonly Having<Item, B, 'postFilter'>[];
  readonly preScore: readonly Having<Item, B, 'preScore'>[];
  readonly score: readonly Having<Item, B, 'score'>[];
  readonly reserve: readonly Plugin<Item, B>[];
  readonly permit: readonly Having<Item, B, 'permit'>[];
  readonly preBind: readonly Having<Item, B, 'preBind'>[];
  readonly bind: readonly Having<Item, B, 'bind'>[];
  readonly postBind: readonly Having<Item, B, 'postBind'>[];
}

const FUNCTIONS = [
  'sign',
  'preEnqueue',
  'less',
  'preFilter',
  'addPod',
  'removePod',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'normalizeScore',
  'reserve',
  'unreserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
  'eventsToRegister',
] as const satisfies readonly (keyof Plugin)[];

/**
 * Sorts plugins by extension point.
 *
 * @throws {SchedulerConfigError} when a name is missing or given twice, a weight is no positive number, an extension point is no function, or two plugins
 * want to order the queue
 */
export function compileProfile<Item, B extends Bin>(plugins: readonly Plugin<Item, B>[]): Profile<Item, B> {
  validatePlugins(plugins);
  const having = <K extends keyof Plugin>(point: K): Having<Item, B, K>[] =>
    plugins.filter((plugin) => plugin[point as keyof Plugin<Item, B>] !== undefined) as Having<Item, B, K>[];
  return {
    plugins: [...plugins],
    preEnqueue: having('preEnqueue'),
    queueSort: having('less')[0],
    preFilter: having('preFilter'),
    filter: having('filter'),
    postFilter: having('postFilter'),
    preScore: having('preScore'),
    score: having('score'),
    reserve: plugins.filter((plugin) => plugin.reserve !== undefined || plugin.unreserve !== undefined),
    permit: having('permit'),
    preBind: having('preBind'),
    bind: having('bind'),
    postBind: having('postBind'),
  };
}

/** The plugin's weight, 1 unless it has one. */
export function weightOf(plugin: { readonly weight?: number }): number {
  return plugin.weight ?? 1;
}

function validatePlugins(plugins: readonly Plugin<never, never>[] | readonly unknown[]): void {
  const names = new Set<string>();
  let sorts = 0;
  plugins.forEach((plugin, index) => {
    const path = `plugins[${index}]`;
    if (typeof plugin !== 'object' || plugin === null) throw new SchedulerConfigError(path, 'must be a plugin object');
    const { name, weight, less } = plugin as Partial<Plugin>;
    if (typeof name !== 'string' || name === '') throw new SchedulerConfigError(`${path}.name`, 'must be a non-empty text');
    if (names.has(name)) throw new SchedulerConfigError(`${path}.name`, `there are two plugins "${name}"`);
    names.add(name);
    if (weight !== undefined && !(Number.isFinite(weight) && weight > 0)) throw new SchedulerConfigError(`${path}.weight`, 'must be a positive number');
    for (const point of FUNCTIONS) {
      const value = (plugin as Record<string, unknown>)[point];
      if (value !== undefined && typeof value !== 'function') throw new SchedulerConfigError(`${path}.${point}`, 'must be a function');
    }
    if (less !== undefined && ++sorts > 1) throw new SchedulerConfigError(`${path}.less`, 'only one plugin can order the queue');
  });
}
