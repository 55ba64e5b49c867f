import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isApiError } from './api-error.ts';
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, quantityToBytes, quantityToMillis, subtractQuantities } from './quantity.ts';

const SUFFIX: Readonly<Record<string, readonly [bigint, bigint]>> = {
  n: [1n, 10n ** 9n],
  u: [1n, 10n ** 6n],
  m: [1n, 1000n],
  '': [1n, 1n],
  k: [1000n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  T: [10n ** 12n, 1n],
  P: [10n ** 15n, 1n],
  E: [10n ** 18n, 1n],
  Ki: [2n ** 10n, 1n],
  Mi: [2n ** 20n, 1n],
  Gi: [2n ** 30n, 1n],
  Ti: [2n ** 40n, 1n],
  Pi: [2n ** 50n, 1n],
  Ei: [2n ** 60n, 1n],
  e3: [1000n, 1n],
  'e-3': [1n, 1000n],
  E5: [10n ** 5n, 1n],
  'e+1': [10n, 1n],
};
const LIMIT = 2n ** 63n - 1n;

const parts = fc.record({
  negative: fc.boolean(),
  whole: fc.nat({ max: 5000 }),
  fraction: fc.option(fc.nat({ max: 99999 }), { nil: undefined }),
  suffix: fc.constantFrom(...Object.keys(SUFFIX)),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

const textOf = ({ negative, whole, fraction, suffix }: Parts): string =>
  `${negative ? '-' : ''}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`;

/** The amount in billionths, from a rational number, rounded away from zero. */
function billionths({ negative, whole, fraction, suffix }: Parts): bigint {
  const [times, per] = SUFFIX[suffix] as readonly [bigint, bigint];
  const digits = fraction === undefined ? '' : String(fraction);
  const numerator = BigInt(`${whole}${digits}`) * times * 10n ** 9n;
  const denominator = 10n ** BigInt(digits.length) * per;
  const size = (numerator + denominator - 1n) / denominator;
  const capped = suffix.endsWith('i') && size > LIMIT * 10n ** 9n ? LIMIT * 10n ** 9n : size;
  return negative ? -capped : capped;
}

const exact = (text: string): bigint => {
  const { mantissa, scale } = parseQuantity(text);
  return mantissa * 10n ** BigInt(9 - scale);
};
const up = (amount: bigint, unit: bigint): number => Number(amount < 0n ? -((-amount + unit - 1n) / unit) : (amount + unit - 1n) / unit);

describe('quantities', () => {
  it('are exactly what a rational number says', () => {
    fc.assert(
      fc.property(parts, (each) => void expect(exact(textOf(each))).toBe(billionths(each))),
      { numRuns: 500 },
    );
  });

  it('are the same amount in canonical form, which is its own canonical form', () => {
    fc.assert(
      fc.property(parts, (each) => {
        const canonical = formatQuantity(textOf(each));
        expect(exact(canonical)).toBe(billionths(each));
        expect(formatQuantity(canonical)).toBe(canonical);
        expect(canonical).not.toContain('.');
      }),
      { numRuns: 500 },
    );
  });

  it('add, subtract and compare as rational numbers do', () => {
    fc.assert(
      fc.property(parts, parts, (x, y) => {
        const [a, b] = [textOf(x), textOf(y)];
        expect(exact(formatQuantity(addQuantities(a, b)))).toBe(billionths(x) + billionths(y));
        expect(exact(formatQuantity(subtractQuantities(a, b)))).toBe(billionths(x) - billionths(y));
        const difference = billionths(x) - billionths(y);
        expect(Math.sign(compareQuantities(a, b))).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0);
      }),
      { numRuns: 300 },
    );
  });

  it('round away from zero to thousandths and to whole units, parsed or not', () => {
    fc.assert(
      fc.property(parts, (each) => {
        const text = textOf(each);
        for (const quantity of [text, parseQuantity(text)]) {
          expect(quantityToMillis(quantity)).toBe(up(billionths(each), 10n ** 6n));
          expect(quantityToBytes(quantity)).toBe(up(billionths(each), 10n ** 9n));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuse any other text with BadRequest, at once', () => {
    const text = fc.oneof(fc.string({ maxLength: 1000 }), fc.stringMatching(/^[-+0-9.eEinumkKMGTP]{0,40}$/));
    fc.assert(
      fc.property(text, (input) => {
        try {
          expect(parseQuantity(input).scale).toBeLessThanOrEqual(9);
        } catch (error) {
          expect(isApiError(error) && error.reason).toBe('BadRequest');
        }
      }),
      { numRuns: 500 },
    );
  });
});
