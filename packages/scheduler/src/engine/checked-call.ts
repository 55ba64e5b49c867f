import { failure, isStatus, skip, success, withPlugin, type Status, type StatusCode, type StatusResult } from './status.ts';

/** Names of the extension points, as events and explanations write them. */
export type ExtensionPoint =
  | 'PreEnqueue'
  | 'PreFilter'
  | 'AddPod'
  | 'RemovePod'
  | 'Filter'
  | 'PostFilter'
  | 'PreScore'
  | 'Score'
  | 'NormalizeScore'
  | 'Reserve'
  | 'Permit'
  | 'PreBind'
  | 'Bind'
  | 'PostBind';

const REJECTIONS: readonly StatusCode[] = ['Error', 'Unschedulable', 'UnschedulableAndUnresolvable'];

/** Which codes each extension point may answer with, besides `Success`. */
const ALLOWED: Readonly<Record<ExtensionPoint, ReadonlySet<StatusCode>>> = {
  PreEnqueue: new Set([...REJECTIONS, 'Pending']),
  PreFilter: new Set([...REJECTIONS, 'Pending', 'Skip']),
  AddPod: new Set(['Error']),
  RemovePod: new Set(['Error']),
  Filter: new Set(REJECTIONS),
  PostFilter: new Set([...REJECTIONS, 'Pending']),
  PreScore: new Set(['Error', 'Skip']),
  Score: new Set(['Error']),
  NormalizeScore: new Set(['Error']),
  Reserve: new Set([...REJECTIONS, 'Pending']),
  Permit: new Set([...REJECTIONS, 'Pending', 'Wait']),
  PreBind: new Set([...REJECTIONS, 'Pending']),
  Bind: new Set([...REJECTIONS, 'Skip']),
  PostBind: new Set(['Error']),
};

/** The answer of a plugin, made safe: what is no answer, or none that belongs here, becomes an `Error` that names the plugin. */
export function checkedStatus(plugin: string, point: ExtensionPoint, answer: unknown): StatusResult {
  if (answer === undefined || answer === success()) return undefined;
  if (answer === skip() && ALLOWED[point].has('Skip')) return skip();
  if (isPromise(answer)) return nonsense(plugin, point, 'returned a promise, but must answer at once');
  if (!isStatus(answer)) return nonsense(plugin, point, `returned ${describe(answer)} instead of a status`);
  if (answer.code === 'Success') return undefined;
  if (!ALLOWED[point].has(answer.code)) return nonsense(plugin, point, `answered ${answer.code}, which means nothing here`);
  return withPlugin(answer, plugin);
}

/** The `Error` for something that a plugin threw. */
export function thrownStatus(plugin: string, point: ExtensionPoint, error: unknown): Status {
  const message = error instanceof Error ? error.message : `it threw ${describe(error)}`;
  return { ...failure(`running ${point} plugin "${plugin}": ${message}`, error), plugin };
}

/** The `Error` for an answer that is none. */
export function nonsense(plugin: string, point: ExtensionPoint, what: string): Status {
  return { ...failure(`running ${point} plugin "${plugin}": it ${what}`), plugin };
}

function isPromise(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('then' in value) || typeof value.then !== 'function') return false;
  // Nobody awaits it, so a rejection must not end the process; the attempt fails with a better message anyway.
  if (value instanceof Promise) value.catch(() => undefined);
  return true;
}

/** A short text for a value that should not be there. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
