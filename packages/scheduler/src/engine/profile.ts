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

/** An extension point, as configurations name it. */
export type PointName =
  | 'preEnqueue'
  | 'queueSort'
  | 'preFilter'
  | 'filter'
  | 'postFilter'
  | 'preScore'
  | 'score'
  | 'reserve'
  | 'permit'
  | 'preBind'
  | 'bind'
  | 'postBind';

/** The methods of each extension point; a plugin has the point if it has the first of them. */
export const POINTS: Readonly<Record<PointName, readonly [keyof Plugin, ...(keyof Plugin)[]]>> = {
  preEnqueue: ['preEnqueue'],
  queueSort: ['less'],
  preFilter: ['preFilter', 'addPod', 'removePod'],
  filter: ['filter'],
  postFilter: ['postFilter'],
  preScore: ['preScore'],
  score: ['score', 'normalizeScore'],
  reserve: ['reserve', 'unreserve'],
  permit: ['permit'],
  preBind: ['preBind'],
  bind: ['bind'],
  postBind: ['postBind'],
};

/** Names of plugins in the order in which an extension point asks them. Those that are not named come after those that are, in the order of the set. */
export type PluginOrder = { readonly [P in PointName]?: readonly string[] };

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
export function compileProfile<Item, B extends Bin>(plugins: readonly Plugin<Item, B>[], order: PluginOrder = {}): Profile<Item, B> {
  validatePlugins(plugins);
  const having = <K extends keyof Plugin & keyof PluginOrder>(point: K): Having<Item, B, K>[] =>
    inOrder(plugins.filter((plugin) => plugin[point as keyof Plugin<Item, B>] !== undefined) as Having<Item, B, K>[], order[point]);
  return {
    plugins: [...plugins],
    preEnqueue: having('preEnqueue'),
    queueSort: plugins.find((plugin): plugin is Having<Item, B, 'less'> => plugin.less !== undefined),
    preFilter: having('preFilter'),
    filter: having('filter'),
    postFilter: having('postFilter'),
    preScore: having('preScore'),
    score: having('score'),
    reserve: inOrder(
      plugins.filter((plugin) => plugin.reserve !== undefined || plugin.unreserve !== undefined),
      order.reserve,
    ),
    permit: having('permit'),
    preBind: having('preBind'),
    bind: having('bind'),
    postBind: having('postBind'),
  };
}

function inOrder<P extends { readonly name: string }>(plugins: P[], names: readonly string[] | undefined): P[] {
  if (names === undefined) return plugins;
  const place = ({ name }: P): number => (names.includes(name) ? names.indexOf(name) : names.length);
  return plugins.sort((a, b) => place(a) - place(b));
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
