/** Wall time in some place. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** A time zone, with the rules that the platform has for it. */
export interface TimeZone {
  /** How far the zone's wall time is ahead of UTC at `ms` (since the Unix epoch), in ms. */
  offsetMs(ms: number): number;
}

const UTC: TimeZone = { offsetMs: () => 0 };

/** The zone of an IANA name; UTC for undefined. Undefined when there is no such zone. */
export function findTimeZone(name: string | undefined): TimeZone | undefined {
  if (name === undefined) return UTC;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    return rememberingLast((ms) => parseOffset(format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? ''));
  } catch {
    // That there is no such zone is an answer, not a failure.
    return undefined;
  }
}

const QUARTER_MS = 900_000;

/** Clocks are changed at full quarters of an hour only, and asking the platform is slow. */
function rememberingLast(offsetMs: (ms: number) => number): TimeZone {
  let [last, offset] = [NaN, 0];
  return {
    offsetMs(ms) {
      const quarter = Math.floor(ms / QUARTER_MS);
      if (quarter !== last) [last, offset] = [quarter, offsetMs(ms)];
      return offset;
    },
  };
}

/** Such as `GMT-05:00`; `GMT` alone is no offset. */
function parseOffset(text: string): number {
  const match = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (match === null) return 0;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
  return (match[1] === '-' ? -seconds : seconds) * 1000;
}

/** The wall time at `ms`. */
export function wallTime(ms: number, zone: TimeZone): WallTime {
  const date = new Date(ms + zone.offsetMs(ms));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    weekday: date.getUTCDay(),
  };
}

/** RFC 3339 with the zone's offset, such as `2026-01-01T01:00:00+01:00`; `Z` for none. */
export function formatInZone(ms: number, zone: TimeZone): string {
  const offsetMs = zone.offsetMs(ms);
  const wall = new Date(ms + offsetMs).toISOString().slice(0, 19);
  if (offsetMs === 0) return `${wall}Z`;
  const minutes = Math.floor(Math.abs(offsetMs) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${wall}${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
