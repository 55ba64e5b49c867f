import { compareQuantities } from '@kybern/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronProblem } from './cron.ts';
import { configKeyProblem, envNameProblem, intOrPercentProblem, isPortName, portNameProblems, relativePathProblem } from './formats.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, pathSegment } from './names.ts';
import { compareQuantityTexts, isNegativeQuantity } from './quantities.ts';

describe('cron schedules', () => {
  it.each(['* * * * *', '*/5 0 1,15 * 1-5', '0 0 * jan sun', '@daily', '@every 1h30m', '0 12 ? * MON', '5/10 * * * *'])('%s is one', (schedule) => {
    expect(cronProblem(schedule)).toBeUndefined();
  });

  it.each([
    '',
    'often',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    '*/0 * * * *',
    '5-1 * * * *',
    '1-2-3 * * * *',
    '@often',
    'TZ=UTC * * * * *',
    'a * * * *',
  ])('%s is none', (schedule) => {
    expect(cronProblem(schedule)).toBeTypeOf('string');
  });
});

describe('names', () => {
  it.each([
    { rule: dns1123Subdomain, good: ['a', 'a.b-c.d', '0'], bad: ['', 'A', 'a..b', '-a', 'a-', 'a_b', 'x'.repeat(254)] },
    { rule: dns1123Label, good: ['a', '0-a'], bad: ['', 'a.b', 'A', 'x'.repeat(64)] },
    { rule: dns1035Label, good: ['a', 'a-0'], bad: ['0a', 'a.b', ''] },
    { rule: pathSegment, good: ['a', 'A:b', 'x y'], bad: ['.', '..', 'a/b', 'a%b'] },
  ])('$rule.name', ({ rule, good, bad }) => {
    for (const name of good) expect(rule(name, false)).toEqual([]);
    for (const name of bad) expect(rule(name, false).length).toBeGreaterThan(0);
  });

  it('may end with a dash when more follows', () => {
    expect(dns1123Subdomain('web-', true)).toEqual([]);
    expect(dns1123Subdomain('web-', false)).toHaveLength(1);
  });
});

describe('values', () => {
  it('agree with their lists of problems', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'z', '0', '9', '-', 'A', '.'), maxLength: 18 }), (name) => {
        expect(isPortName(name)).toBe(portNameProblems(name).length === 0);
      }),
    );
  });

  it.each([
    { check: envNameProblem, good: ['A', 'a.b-c', 'with space', '1'], bad: ['', 'a=b', 'ü', '\n'] },
    { check: configKeyProblem, good: ['a', '.b', 'A_1'], bad: ['', '.', '..', '..a', 'a/b', 'x'.repeat(254)] },
    { check: relativePathProblem, good: ['a', 'a/b', 'a..b'], bad: ['/a', '..', 'a/../b'] },
    { check: intOrPercentProblem, good: [0, 5, '0%', '150%'], bad: [-1, '5', '-1%', 'x%'] },
  ])('$check.name', ({ check, good, bad }) => {
    const problemOf = check as (value: string | number) => string | undefined;
    for (const value of good) expect(problemOf(value)).toBeUndefined();
    for (const value of bad) expect(problemOf(value)).toBeTypeOf('string');
  });
});

describe('quantities', () => {
  const quantity = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(fc.nat().map(String), fc.constantFrom('0', '00', '1.5', '0.5', '9'.repeat(20))),
      fc.constantFrom('', 'm', 'k', 'Ki', 'Mi', 'Gi', 'M', 'e3', 'E'),
    )
    .map((parts) => parts.join(''));

  it('are compared as core compares them', () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        expect(Math.sign(compareQuantityTexts(a, b))).toBe(compareQuantities(a, b));
        expect(isNegativeQuantity(a)).toBe(compareQuantities(a, '0') < 0);
      }),
      { numRuns: 1000 },
    );
  });
});
