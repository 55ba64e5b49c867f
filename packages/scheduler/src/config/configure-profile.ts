import type { Plugin } from '../engine/plugin.ts';
import { POINTS, type PluginOrder } from '../engine/profile.ts';
import { SchedulerConfigError } from '../errors.ts';
import { DEFAULT_SCHEDULER_NAME } from '../loop/scheduler-name.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import {
  CONFIGURABLE_POINTS,
  GROUP_POINTS,
  type ConfigurablePoint,
  type KubeSchedulerProfile,
  type PluginReference,
  type PluginSet,
} from './configuration-types.ts';
import { KNOWN_PLUGINS, REMOVED_PLUGINS, type PluginRegistry } from './plugin-registry.ts';
import { weigh, withPoints } from './plugin-points.ts';

/** A profile, ready for {@link createScheduler} and {@link createSchedulerLoop}. */
export interface SchedulerProfile {
  readonly schedulerName: string;
  readonly plugins: readonly Plugin[];
  /** Where the order of the plugins at an extension point is not theirs in `plugins`. */
  readonly order?: PluginOrder;
  /** Unset: the scheduler's own. */
  readonly percentageOfNodesToScore?: number;
}

/** What a profile is made with. */
export interface ProfileContext {
  /** Plugins of others. */
  readonly registry?: PluginRegistry;
  /** Where in a configuration the profile is, such as `profiles[0]`; default empty. */
  readonly path?: string;
}

/**
 * Makes the plugins of a profile: Kubernetes' default ones, changed as the profile says.
 *
 * @throws {SchedulerConfigError} naming the path, when a plugin is unknown, has not the extension point it is enabled for, or an argument is not valid
 * @see kubernetes v1.36 pkg/scheduler/apis/config/v1/default_plugins.go (mergePlugins), pkg/scheduler/framework/runtime/framework.go (expandMultiPointPlugins)
 */
export function configureProfile(profile: KubeSchedulerProfile, { registry = {}, path = '' }: ProfileContext = {}): SchedulerProfile {
  const at = (field: string): string => (path === '' ? field : `${path}.${field}`);
  checkNames(profile, registry, at);
  const multiPoint = mergeDefaults(profile.plugins?.multiPoint ?? {}, at('plugins.multiPoint'));
  const made = makePlugins(profile, { registry, at, multiPoint });
  const order: Partial<Record<ConfigurablePoint, readonly string[]>> = {};
  for (const point of CONFIGURABLE_POINTS) order[point] = expand(point, { profile, multiPoint, made, at: at(`plugins.${point}`) });
  const weights = weightsOf(profile, multiPoint);
  const plugins = [...made].map(([name, plugin]) => {
    const points = CONFIGURABLE_POINTS.filter((point) => order[point]?.includes(name));
    return weigh(withPoints(plugin, points), weights.get(name));
  });
  const { percentageOfNodesToScore, schedulerName = DEFAULT_SCHEDULER_NAME } = profile;
  return { schedulerName, plugins, order, ...(percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore }) };
}

type At = (field: string) => string;

function checkNames({ plugins = {}, pluginConfig = [] }: KubeSchedulerProfile, registry: PluginRegistry, at: At): void {
  for (const point of [...CONFIGURABLE_POINTS, ...GROUP_POINTS, 'multiPoint'] as const) {
    const { enabled = [], disabled = [] } = plugins[point] ?? {};
    enabled.forEach(({ name }, index) => checkEnabled(name, registry, at(`plugins.${point}.enabled[${index}]`)));
    if ((GROUP_POINTS as readonly string[]).includes(point) && enabled.length > 0) {
      throw new SchedulerConfigError(at(`plugins.${point}.enabled[0]`), `"${enabled[0]?.name ?? ''}" does not have this extension point`);
    }
    disabled.forEach(({ name }, index) => {
      if (name !== '*' && !REMOVED_PLUGINS.has(name)) checkKnown(name, registry, at(`plugins.${point}.disabled[${index}]`));
    });
  }
  const seen = new Set<string>();
  pluginConfig.forEach(({ name }, index) => {
    checkKnown(name, registry, at(`pluginConfig[${index}]`));
    if (seen.has(name)) throw new SchedulerConfigError(at(`pluginConfig[${index}]`), `there are two for "${name}"`);
    seen.add(name);
  });
}

function checkKnown(name: string, registry: PluginRegistry, path: string): void {
  if (REMOVED_PLUGINS.has(name)) throw new SchedulerConfigError(`${path}.name`, `plugin "${name}" was removed from Kubernetes`);
  if (!KNOWN_PLUGINS.has(name) && !Object.hasOwn(registry, name)) throw new SchedulerConfigError(`${path}.name`, `there is no plugin "${name}"`);
}

function checkEnabled(name: string, registry: PluginRegistry, path: string): void {
  checkKnown(name, registry, path);
  const isThere = KNOWN_PLUGINS.get(name)?.make !== undefined || Object.hasOwn(registry, name) || defaultPlugins().some((each) => each.name === name);
  if (!isThere) {
    throw new SchedulerConfigError(`${path}.name`, `plugin "${name}" of Kubernetes is not there yet`);
  }
}

/** The default plugins with the profile's changes: those that are configured anew keep their place. */
function mergeDefaults({ enabled = [], disabled = [] }: PluginSet, path: string): readonly PluginReference[] {
  const off = new Set(disabled.map(({ name }) => name));
  const defaults: readonly PluginReference[] = off.has('*') ? [] : defaultPlugins();
  const own = new Map(enabled.map((reference) => [reference.name, reference]));
  enabled.forEach(({ name }, index) => {
    if (own.get(name) !== enabled[index]) throw new SchedulerConfigError(`${path}.enabled[${index}].name`, `"${name}" is there twice`);
  });
  const merged = defaults.filter(({ name }) => !off.has(name)).map((each) => own.get(each.name) ?? each);
  const kept = new Set(merged);
  return [...merged, ...enabled.filter((reference) => !kept.has(reference))];
}

function makePlugins(
  { plugins = {}, pluginConfig = [] }: KubeSchedulerProfile,
  { registry, at, multiPoint }: { readonly registry: PluginRegistry; readonly at: At; readonly multiPoint: readonly PluginReference[] },
): Map<string, Plugin> {
  const names = [...multiPoint, ...CONFIGURABLE_POINTS.flatMap((point) => plugins[point]?.enabled ?? [])].map(({ name }) => name);
  const args = new Map<string, { readonly value: unknown; readonly path: string }>();
  pluginConfig.forEach(({ name, args: value }, index) => {
    const path = at(`pluginConfig[${index}].args`);
    const read = Object.hasOwn(registry, name) ? undefined : KNOWN_PLUGINS.get(name)?.readArgs;
    args.set(name, { value: value === undefined || value === null || read === undefined ? value : read(value, path), path });
  });
  return new Map(names.map((name) => [name, makePlugin(name, registry, args.get(name))]));
}

function makePlugin(name: string, registry: PluginRegistry, args: { readonly value: unknown; readonly path: string } | undefined): Plugin {
  const make = Object.hasOwn(registry, name) ? registry[name] : KNOWN_PLUGINS.get(name)?.make;
  let plugin: Plugin | undefined;
  try {
    plugin = make === undefined ? defaultPlugins().find((each) => each.name === name) : make(args?.value);
  } catch (error) {
    if (!(error instanceof Error) || args === undefined) throw error;
    const { field } = error as Partial<SchedulerConfigError>;
    const reason = field === undefined ? error.message : error.message.slice(field.length + 2);
    throw new SchedulerConfigError(field === undefined ? args.path : `${args.path}.${field}`, reason);
  }
  if (plugin?.name !== name) throw new SchedulerConfigError('registry', `"${name}" makes a plugin "${String(plugin?.name)}"`);
  return plugin;
}

interface Expansion {
  readonly profile: KubeSchedulerProfile;
  readonly multiPoint: readonly PluginReference[];
  readonly made: ReadonlyMap<string, Plugin>;
  readonly at: string;
}

/** The plugins of one extension point, in their order: those that override the MultiPoint ones, the MultiPoint ones, and the others named here. */
function expand(point: ConfigurablePoint, { profile, multiPoint, made, at }: Expansion): readonly string[] {
  const { enabled = [], disabled = [] } = profile.plugins?.[point] ?? {};
  const has = (name: string): boolean => (made.get(name) as Record<string, unknown> | undefined)?.[POINTS[point][0]] !== undefined;
  const own = enabled.map(({ name }, index) => {
    const path = `${at}.enabled[${index}].name`;
    if (!has(name)) throw new SchedulerConfigError(path, `plugin "${name}" does not have this extension point`);
    if (enabled.findIndex((other) => other.name === name) !== index) throw new SchedulerConfigError(path, `"${name}" is there twice`);
    return name;
  });
  const off = new Set(disabled.map(({ name }) => name));
  if (off.has('*')) return own;
  const expanded = multiPoint.map(({ name }) => name).filter((name) => has(name) && !off.has(name));
  const overriding = own.filter((name) => expanded.includes(name));
  const order = [...overriding, ...expanded.filter((name) => !own.includes(name)), ...own.filter((name) => !overriding.includes(name))];
  if (point === 'queueSort' && order.length > 1) throw new SchedulerConfigError(at, `only one plugin can order the queue, not ${order.join(' and ')}`);
  return order;
}

/** What is said under `score` counts more than what is said under `multiPoint`; nothing and 0 mean 1. */
function weightsOf({ plugins = {} }: KubeSchedulerProfile, multiPoint: readonly PluginReference[]): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const { name, weight } of [...(plugins.score?.enabled ?? []), ...multiPoint]) {
    if (!weights.has(name)) weights.set(name, weight === undefined || weight === 0 ? 1 : weight);
  }
  return weights;
}
