import type { Plugin } from '../engine/plugin.ts';
import { POINTS } from '../engine/profile.ts';
import { CONFIGURABLE_POINTS, type ConfigurablePoint } from './configuration-types.ts';

/** The plugin with these extension points only. */
export function withPoints(plugin: Plugin, points: readonly ConfigurablePoint[]): Plugin {
  const methods = plugin as unknown as Readonly<Record<string, unknown>>;
  const off = CONFIGURABLE_POINTS.filter((point) => !points.includes(point)).flatMap((point) => POINTS[point]);
  if (off.every((method) => methods[method] === undefined)) return plugin;
  return copyOf(plugin, new Set(off));
}

/** The plugin with this weight. */
export function weigh(plugin: Plugin, weight: number | undefined): Plugin {
  if (weight === undefined || plugin.score === undefined || (plugin.weight ?? 1) === weight) return plugin;
  return { ...copyOf(plugin, new Set()), weight };
}

/** Its methods still see the plugin itself as `this`. */
function copyOf(plugin: Plugin, without: ReadonlySet<string>): Plugin {
  const copy: Record<string, unknown> = { ...plugin };
  for (const method of [...Object.values(POINTS).flat(), 'sign', 'eventsToRegister'] as const) {
    const own: unknown = plugin[method];
    if (without.has(method)) delete copy[method];
    else if (typeof own === 'function') copy[method] = own.bind(plugin) as unknown;
  }
  return copy as unknown as Plugin;
}
