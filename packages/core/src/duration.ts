import { ApiError } from './api-error.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: SECOND, m: MINUTE, h: HOUR };
const WHOLE = /^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /([0-9.]+)(ns|us|µs|μs|ms|s|m|h)/g;

/** A time span: ms, or Go's notation (`1h30m`, `1.5s`, `250ms`). */
export type Duration = number | string;

/**
 * The length of a time span in ms.
 *
 * @param duration ms as a number, or text in the notation of Go's `time.ParseDuration`: decimal numbers with a unit (ns, us, ms, s, m, h), with an
 * optional sign, or `0`
 * @throws {ApiError} `BadRequest` when it is neither
 */
export function parseDuration(duration: Duration): number {
  if (typeof duration === 'number' && Number.isFinite(duration)) return duration;
  if (duration === '0' || duration === '+0' || duration === '-0') return 0;
  if (typeof duration !== 'string' || duration.length > 200 || !WHOLE.test(duration)) throw bad(duration);
  let total = 0;
  for (const [, number, unit] of duration.matchAll(PART)) total += Number(number) * (UNIT_MS[unit as string] as number);
  if (!Number.isFinite(total)) throw bad(duration);
  return duration.startsWith('-') ? -total : total;
}

function bad(duration: unknown): ApiError {
  return new ApiError('BadRequest', `invalid duration "${String(duration)}": write it like 30s, 5m or 1h30m`);
}

/**
 * How kubectl prints an age: one or two units, coarser as it grows (`12s`, `5m32s`, `47m`, `3h5m`, `2d3h`, `400d`, `3y10d`).
 *
 * @param ms the age in ms; a clock that is a little ahead gives `0s`, more than that `<invalid>`
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go (HumanDuration)
 */
export function formatAge(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (!(seconds >= -1)) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
