import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSchedule } from './schedule.ts';
import { findTimeZone, formatInZone, wallTime, type TimeZone } from './time-zone.ts';

const zone = (name?: string): TimeZone => findTimeZone(name) as TimeZone;
const next = (schedule: string, from: string, timeZone?: string): string | undefined => {
  const ms = parseSchedule(schedule, zone(timeZone))?.nextMs(Date.parse(from));
  return ms === undefined ? undefined : formatInZone(ms, zone(timeZone));
};

describe('the next time', () => {
  it.each([
    { schedule: '* * * * *', from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:01:00Z' },
    { schedule: '* * * * *', from: '2026-01-01T00:00:59.9Z', to: '2026-01-01T00:01:00Z' },
    { schedule: '*/15 * * * *', from: '2026-01-01T00:45:00Z', to: '2026-01-01T01:00:00Z' },
    { schedule: '5/15 * * * *', from: '2026-01-01T00:36:00Z', to: '2026-01-01T00:50:00Z' },
    { schedule: '20-35/15 * * * *', from: '2026-01-01T00:20:00Z', to: '2026-01-01T00:35:00Z' },
    { schedule: '30 8 * * MON-FRI', from: '2026-01-02T09:00:00Z', to: '2026-01-05T08:30:00Z' },
    { schedule: '0 0 13 * FRI', from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' },
    { schedule: '0 0 13 * *', from: '2026-01-14T00:00:00Z', to: '2026-02-13T00:00:00Z' },
    { schedule: '0 0 */2 * sun', from: '2026-01-02T00:00:00Z', to: '2026-01-03T00:00:00Z' },
    { schedule: '0 0 29 feb *', from: '2026-01-01T00:00:00Z', to: '2028-02-29T00:00:00Z' },
    { schedule: '0 0 ? 1,7 ?', from: '2026-01-31T00:00:00Z', to: '2026-07-01T00:00:00Z' },
    { schedule: '0 0 31 2 *', from: '2026-01-01T00:00:00Z', to: undefined },
    { schedule: '@hourly', from: '2026-01-01T00:30:00Z', to: '2026-01-01T01:00:00Z' },
    { schedule: '@yearly', from: '2026-01-01T00:30:00Z', to: '2027-01-01T00:00:00Z' },
    { schedule: '@weekly', from: '2026-01-01T00:30:00Z', to: '2026-01-04T00:00:00Z' },
    { schedule: '@every 1h30m', from: '2026-01-01T00:00:10.5Z', to: '2026-01-01T01:30:10Z' },
    // The clocks go forward at 2:00.
    { schedule: '30 2 * * *', from: '2026-03-08T00:00:00-05:00', timeZone: 'America/New_York', to: '2026-03-09T02:30:00-04:00' },
    { schedule: '0 * * * *', from: '2026-03-08T01:00:00-05:00', timeZone: 'America/New_York', to: '2026-03-08T03:00:00-04:00' },
    { schedule: '0 0 * * *', from: '2026-03-08T00:00:00-05:00', timeZone: 'America/New_York', to: '2026-03-09T00:00:00-04:00' },
    // The clocks go back at 2:00.
    { schedule: '30 1 * * *', from: '2026-11-01T00:00:00-04:00', timeZone: 'America/New_York', to: '2026-11-01T01:30:00-04:00' },
    { schedule: '30 1 * * *', from: '2026-11-01T01:30:00-04:00', timeZone: 'America/New_York', to: '2026-11-01T01:30:00-05:00' },
    { schedule: '0 0 * * *', from: '2026-11-01T00:00:00-04:00', timeZone: 'America/New_York', to: '2026-11-02T00:00:00-05:00' },
    // The clocks go forward at midnight, by an hour, or by half an hour.
    { schedule: '0 0 * * *', from: '2018-11-03T12:00:00-03:00', timeZone: 'America/Sao_Paulo', to: '2018-11-05T00:00:00-02:00' },
    { schedule: '15 3 * * *', from: '2026-10-03T12:00:00+10:30', timeZone: 'Australia/Lord_Howe', to: '2026-10-04T03:15:00+11:00' },
    { schedule: '0 9 * * *', from: '2026-01-01T00:00:00Z', timeZone: 'Asia/Kolkata', to: '2026-01-01T09:00:00+05:30' },
  ])('$schedule after $from is $to', ({ schedule, from, timeZone, to }) => expect(next(schedule, from, timeZone)).toBe(to));
});

it.each([
  '',
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 7',
  '5-1 * * * *',
  '*/0 * * * *',
  'x * * * *',
  '@often',
  '@every soon',
])('is no schedule: %j', (text) => expect(parseSchedule(text, zone())).toBeUndefined());

it('a zone that there is not is not found', () => expect(findTimeZone('Moon/Crater')).toBeUndefined());

it('is the first minute whose wall time matches, in every zone and over every change of the clocks', () => {
  const part = (low: number, high: number): fc.Arbitrary<string> =>
    fc.oneof({ weight: 2, arbitrary: fc.constant('*') }, { weight: 3, arbitrary: fc.integer({ min: low, max: high }).map(String) });
  const zones = fc.constantFrom('UTC', 'America/New_York', 'Europe/Berlin', 'Asia/Kathmandu', 'Pacific/Apia');
  const matches = (text: string, value: number): boolean => text === '*' || Number(text) === value;
  fc.assert(
    fc.property(part(0, 59), part(0, 23), part(0, 6), zones, fc.integer({ min: 0, max: 360 * 1440 }), (minute, hour, weekday, name, offset) => {
      const place = zone(name);
      const fromMs = Date.parse('2026-01-01T00:00:00Z') + offset * 60_000;
      let expected = fromMs + 60_000;
      for (; ; expected += 60_000) {
        const wall = wallTime(expected, place);
        if (matches(minute, wall.minute) && matches(hour, wall.hour) && matches(weekday, wall.weekday)) break;
      }
      expect(parseSchedule(`${minute} ${hour} * * ${weekday}`, place)?.nextMs(fromMs)).toBe(expected);
    }),
    { numRuns: 40 },
  );
});
