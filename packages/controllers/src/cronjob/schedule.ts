import { wallTime, type TimeZone, type WallTime } from './time-zone.ts';

/** When something is due, again and again. */
export interface Schedule {
  /** The first time after `ms` (since the Unix epoch); undefined when there is none within five years. */
  nextMs(ms: number): number | undefined;
}

interface Field {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MINUTES: Field = { low: 0, high: 59 };
const HOURS: Field = { low: 0, high: 23 };
const DAYS: Field = { low: 1, high: 31 };
const MONTHS: Field = { low: 1, high: 12, names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] };
const WEEKDAYS: Field = { low: 0, high: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };
const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/**
 * A schedule of five fields (minute, hour, day of month, month, day of week), a macro such as `@daily`, or `@every 90m`.
 *
 * Where the clocks go forward, times that do not exist are left out; where they go back, times that exist twice are due twice.
 *
 * @returns undefined when `text` is no schedule
 * @see kubernetes v1.36 vendor/github.com/robfig/cron/v3/parser.go, spec.go
 */
export function parseSchedule(text: string, zone: TimeZone): Schedule | undefined {
  const everyMs = parseEvery(text.trim());
  if (everyMs !== undefined) return { nextMs: (ms) => Math.floor(ms / 1000) * 1000 + everyMs };
  const parts = (MACROS[text.trim()] ?? text.trim()).split(/\s+/);
  const fields = [MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS].map((field, i) => parseField(parts[i] ?? '', field));
  const [minutes, hours, days, months, weekdays] = fields;
  if (parts.length !== 5 || !minutes || !hours || !days || !months || !weekdays) return undefined;
  // A day matches if both fields hold when one of them is a star, else if either holds.
  const onDay = ({ day, weekday }: WallTime): boolean =>
    days.star || weekdays.star ? days.values.has(day) && weekdays.values.has(weekday) : days.values.has(day) || weekdays.values.has(weekday);
  const calendar: Calendar = {
    zone,
    onDay: (wall) => months.values.has(wall.month) && onDay(wall),
    inHour: ({ hour }) => hours.values.has(hour),
    atMinute: ({ minute }) => minutes.values.has(minute),
  };
  return { nextMs: (ms) => nextMatch(calendar, ms) };
}

function parseEvery(text: string): number | undefined {
  const amounts = /^@every\s+((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text)?.[1];
  if (amounts === undefined) return undefined;
  let seconds = 0;
  for (const [, amount, unit = ''] of amounts.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) seconds += Number(amount) * (UNIT_SECONDS[unit] ?? 0);
  return Math.max(1, Math.floor(seconds)) * 1000;
}

interface FieldSet {
  readonly values: ReadonlySet<number>;
  /** Whether a star without a step is in it. */
  readonly star: boolean;
}

function parseField(text: string, field: Field): FieldSet | undefined {
  const values = new Set<number>();
  let star = false;
  for (const part of text.split(',')) {
    const match = /^(?:([*?])|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const [, any, from = '', to, step] = match;
    if (any !== undefined && step === undefined) star = true;
    const low = any === undefined ? valueOf(from, field) : field.low;
    // A single value with a step goes on to the end.
    const high = to !== undefined ? valueOf(to, field) : any !== undefined || step !== undefined ? field.high : low;
    if (!(low >= field.low && high <= field.high && low <= high) || Number(step ?? 1) < 1) return undefined;
    for (let value = low; value <= high; value += Number(step ?? 1)) values.add(value);
  }
  return { values, star };
}

function valueOf(text: string, { names }: Field): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 ? named : /^\d+$/.test(text) ? Number(text) : NaN;
}

interface Calendar {
  readonly zone: TimeZone;
  readonly onDay: (wall: WallTime) => boolean;
  readonly inHour: (wall: WallTime) => boolean;
  readonly atMinute: (wall: WallTime) => boolean;
}

const MOST_YEARS = 5;

/** Goes forward by days, then hours, then minutes, until all match. */
function nextMatch({ zone, onDay, inHour, atMinute }: Calendar, afterMs: number): number | undefined {
  let ms = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  const lastYear = wallTime(ms, zone).year + MOST_YEARS;
  for (;;) {
    const wall = wallTime(ms, zone);
    if (wall.year > lastYear) return undefined;
    if (!onDay(wall)) ms = nextDay(ms, wall, zone);
    else if (!inHour(wall)) ms += HOUR_MS - wall.minute * MINUTE_MS;
    else if (!atMinute(wall)) ms += MINUTE_MS;
    else return ms;
  }
}

/** The next midnight; the first hour of the day where there is none. Days have 23 to 25 hours. */
function nextDay(ms: number, { hour, minute, day }: WallTime, zone: TimeZone): number {
  const guessMs = ms + (24 - hour) * HOUR_MS - minute * MINUTE_MS;
  const guess = wallTime(guessMs, zone);
  if (guess.day === day) return guessMs + (24 - guess.hour) * HOUR_MS - guess.minute * MINUTE_MS;
  const midnightMs = guessMs - guess.hour * HOUR_MS - guess.minute * MINUTE_MS;
  return wallTime(midnightMs, zone).day === guess.day ? midnightMs : guessMs;
}
