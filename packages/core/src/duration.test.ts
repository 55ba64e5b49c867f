import { describe, expect, it } from 'vitest';
import { formatAge, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.each([
    { text: '5m', ms: 300_000 },
    { text: '1h30m', ms: 5_400_000 },
    { text: '24h', ms: 86_400_000 },
    { text: '1.5s', ms: 1500 },
    { text: '250ms', ms: 250 },
    { text: '.5m', ms: 30_000 },
    { text: '-1m', ms: -60_000 },
    { text: '+1m', ms: 60_000 },
    { text: '0', ms: 0 },
    { text: '10us', ms: 0.01 },
    { text: '10µs', ms: 0.01 },
    { text: '100ns', ms: 0.0001 },
    { text: '1h0.5m1s', ms: 3_631_000 },
  ])('reads $text', ({ text, ms }) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it('takes ms as they are', () => expect(parseDuration(1234)).toBe(1234));

  it.each(['', '5', 'm', '5 m', '5d', '1h 30m', '5M', '--5m', '1.2.3s', '.s', `${'9'.repeat(500)}h`, NaN, Infinity])('refuses "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });
});

describe('formatAge', () => {
  const [second, minute, hour, day, year] = [1000, 60_000, 3_600_000, 86_400_000, 31_536_000_000];
  it.each([
    { ms: -2 * second, text: '<invalid>' },
    { ms: -second, text: '0s' },
    { ms: -1, text: '0s' },
    { ms: NaN, text: '<invalid>' },
    { ms: 0, text: '0s' },
    { ms: 999, text: '0s' },
    { ms: 119 * second, text: '119s' },
    { ms: 2 * minute, text: '2m' },
    { ms: 332 * second, text: '5m32s' },
    { ms: 9 * minute + 59 * second, text: '9m59s' },
    { ms: 10 * minute + 30 * second, text: '10m' },
    { ms: 179 * minute, text: '179m' },
    { ms: 3 * hour, text: '3h' },
    { ms: 7 * hour + 59 * minute, text: '7h59m' },
    { ms: 8 * hour + 59 * minute, text: '8h' },
    { ms: 47 * hour, text: '47h' },
    { ms: 48 * hour, text: '2d' },
    { ms: 51 * hour, text: '2d3h' },
    { ms: 8 * day, text: '8d' },
    { ms: 729 * day, text: '729d' },
    { ms: 730 * day, text: '2y' },
    { ms: 3 * year + 10 * day, text: '3y10d' },
    { ms: 8 * year + 5 * day, text: '8y' },
  ])('writes $ms ms as $text', ({ ms, text }) => {
    expect(formatAge(ms)).toBe(text);
  });
});
