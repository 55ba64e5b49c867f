import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityToBytes,
  quantityToMillis,
  quantityToNumber,
  subtractQuantities,
} from './quantity.ts';

describe('parseQuantity and formatQuantity', () => {
  it.each([
    { text: '0', canonical: '0' },
    { text: '250m', canonical: '250m' },
    { text: '1000m', canonical: '1' },
    { text: '0.5', canonical: '500m' },
    { text: '.5', canonical: '500m' },
    { text: '5.', canonical: '5' },
    { text: '1.5Gi', canonical: '1536Mi' },
    { text: '1024Mi', canonical: '1Gi' },
    { text: '1000Ki', canonical: '1000Ki' },
    { text: '1Ki', canonical: '1Ki' },
    { text: '0.5Ki', canonical: '512' },
    { text: '0.3Ki', canonical: '307200m' },
    { text: '100k', canonical: '100k' },
    { text: '1000k', canonical: '1M' },
    { text: '12E', canonical: '12E' },
    { text: '1000E', canonical: '1000E' },
    { text: '1Ei', canonical: '1Ei' },
    { text: '1e3', canonical: '1e3' },
    { text: '12E+3', canonical: '12e3' },
    { text: '1500e-3', canonical: '1500e-3' },
    { text: '1e0', canonical: '1' },
    { text: '1e1', canonical: '10' },
    { text: '-1.5Gi', canonical: '-1536Mi' },
    { text: '+3', canonical: '3' },
    { text: '007', canonical: '7' },
    { text: '10n', canonical: '10n' },
    { text: '1u', canonical: '1u' },
    { text: '0.1n', canonical: '1n' },
    { text: '-0.1n', canonical: '-1n' },
    { text: '0.0000000001', canonical: '1n' },
    { text: '16Ei', canonical: '9223372036854775807' },
    { text: '-0', canonical: '0' },
    { text: 'm', canonical: '0' },
  ])('writes $text as $canonical', ({ text, canonical }) => {
    expect(formatQuantity(text)).toBe(canonical);
    expect(compareQuantities(text, canonical)).toBe(0);
  });

  it('takes the number that YAML makes of a text', () => {
    expect(formatQuantity(parseQuantity(2))).toBe('2');
    expect(formatQuantity(parseQuantity(0.25))).toBe('250m');
    expect(formatQuantity(parseQuantity(1e21))).toBe('1e21');
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '1i',
    '.5i',
    '0.1mi',
    '0.1am',
    'aoeu',
    '1.1.M',
    '1+1.0M',
    '-3.01i',
    '-3.01e-',
    '1K',
    '1kB',
    '--1',
    '0x10',
    '1e1000000',
    '1e99999999999999999999',
    '1'.repeat(1000),
    'NaN',
    'Infinity',
    '__proto__',
  ])('refuses "%s"', (text) => {
    expect(() => parseQuantity(text)).toThrow(expect.objectContaining({ name: 'ApiError', reason: 'BadRequest' }));
  });
});

describe('conversions', () => {
  it.each([
    { text: '250m', number: 0.25, millis: 250, bytes: 1 },
    { text: '2', number: 2, millis: 2000, bytes: 2 },
    { text: '0.1', number: 0.1, millis: 100, bytes: 1 },
    { text: '100u', number: 0.0001, millis: 1, bytes: 1 },
    { text: '-100u', number: -0.0001, millis: -1, bytes: -1 },
    { text: '64Mi', number: 67_108_864, millis: 67_108_864_000, bytes: 67_108_864 },
    { text: '1.5Gi', number: 1_610_612_736, millis: 1_610_612_736_000, bytes: 1_610_612_736 },
    { text: '1e3', number: 1000, millis: 1_000_000, bytes: 1000 },
    { text: '9007199254740991', number: 9_007_199_254_740_991, millis: 9_007_199_254_740_991_000, bytes: 9_007_199_254_740_991 },
    { text: '8Pi', number: 2 ** 53, millis: 2 ** 53 * 1000, bytes: 2 ** 53 },
  ])('of $text', ({ text, number, millis, bytes }) => {
    for (const quantity of [text, parseQuantity(text)]) {
      expect(quantityToNumber(quantity)).toBe(number);
      expect(quantityToMillis(quantity)).toBe(millis);
      expect(quantityToBytes(quantity)).toBe(bytes);
    }
  });
});

describe('arithmetic', () => {
  it.each([
    { a: '250m', b: '250m', sum: '500m', difference: '0' },
    { a: '1Gi', b: '512Mi', sum: '1536Mi', difference: '512Mi' },
    { a: '1Gi', b: '1', sum: '1073741825', difference: '1073741823' },
    { a: '1', b: '1n', sum: '1000000001n', difference: '999999999n' },
    { a: '0', b: '1Ki', sum: '1Ki', difference: '-1Ki' },
    { a: '1e3', b: '1', sum: '1001', difference: '999' },
    { a: '4Ei', b: '4Ei', sum: '9223372036854775808', difference: '0' },
  ])('$a and $b', ({ a, b, sum, difference }) => {
    expect(formatQuantity(addQuantities(a, b))).toBe(sum);
    expect(formatQuantity(subtractQuantities(a, b))).toBe(difference);
  });

  it('compares amounts, not texts', () => {
    expect(compareQuantities('1', '1000m')).toBe(0);
    expect(compareQuantities('1Gi', '1G')).toBeGreaterThan(0);
    expect(compareQuantities('-1', '1n')).toBeLessThan(0);
  });
});
