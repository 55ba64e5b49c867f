import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedMap } from './ordered-map.ts';

interface Row {
  readonly key: string;
  readonly value: number;
}

/** A map beside what it must hold. */
interface Pair {
  readonly map: OrderedMap<Row>;
  readonly rows: Map<string, Row>;
}

const keyOf = (index: number): string => `/${index % 7}/${(index * 37) % 1000}-${index}`;

const steps = fc.array(
  fc.record({
    of: fc.nat({ max: 2 }),
    step: fc.constantFrom('add', 'add', 'remove', 'replace', 'clone'),
    from: fc.nat({ max: 3000 }),
    count: fc.nat({ max: 700 }),
    stride: fc.constantFrom(1, 1, 2, 7, 64),
  }),
  { maxLength: 25, size: 'max' },
);

const pages = fc.array(
  fc.record({ prefix: fc.constantFrom('', '/', '/3', '/3/', '/6/9', '/9'), after: fc.nat({ max: 3000 }), limit: fc.integer({ min: 1, max: 200 }) }),
  { maxLength: 8 },
);

function sorted({ rows }: Pair, prefix: string, after?: string): Row[] {
  const keys = [...rows.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after)).sort();
  return keys.map((key) => rows.get(key) as Row);
}

test('an ordered map does what a sorted list does, and its clones are independent', () => {
  fc.assert(
    fc.property(steps, pages, (plan, reads) => {
      const pairs: Pair[] = [{ map: new OrderedMap<Row>(), rows: new Map() }];
      let value = 0;
      for (const { of, step, from, count, stride } of plan) {
        const { map, rows } = pairs[of % pairs.length] as Pair;
        if (step === 'clone') {
          if (pairs.length < 3) pairs.push({ map: map.clone(), rows: new Map(rows) });
          continue;
        }
        for (let at = 0, index = from; at < count; at += 1, index += stride) {
          const key = keyOf(index);
          if (step === 'remove') {
            map.delete(key);
            rows.delete(key);
          } else if (step === 'add' || rows.has(key)) {
            const row = { key, value: (value += 1) };
            map.set(row, map.slot(key));
            rows.set(key, row);
          }
        }
      }
      for (const pair of pairs) {
        expect(pair.map.size).toBe(pair.rows.size);
        expect(pair.map.page('')).toEqual({ records: sorted(pair, ''), remaining: 0 });
        for (const { prefix, after, limit } of reads) {
          const key = keyOf(after);
          expect(pair.map.get(key)).toBe(pair.rows.get(key));
          const rest = sorted(pair, prefix, key);
          expect(pair.map.page(prefix, { after: key, limit })).toEqual({ records: rest.slice(0, limit), remaining: Math.max(rest.length - limit, 0) });
        }
      }
    }),
    { numRuns: 50 },
  );
});
