import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isApiError } from './api-error.ts';
import { compileFieldSelector } from './field-selector.ts';
import { compileLabelSelector, formatLabelSelector, matchesLabelSelector, parseLabelSelector, type LabelSelectorRequirement } from './label-selector.ts';

const key = fc.constantFrom('a', 'b', 'in', 'notin', 'example.com/c', 'constructor', 'valueOf');
const value = fc.constantFrom('', 'x', 'y', '1', '2', '10', 'in');
const values = fc.uniqueArray(value, { minLength: 1, maxLength: 4 });
const requirement: fc.Arbitrary<LabelSelectorRequirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  fc.record({ key, operator: fc.constantFrom('Gt' as const, 'Lt' as const), values: fc.constantFrom(['1'], ['5']) }),
);
const labels = fc.array(fc.tuple(key, value), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs));

/** What a requirement means, as slowly and as plainly as can be. */
function holds({ key: name, operator, values: wanted = [] }: LabelSelectorRequirement, of: Readonly<Record<string, string>>): boolean {
  const found = Object.entries(of).find(([each]) => each === name)?.[1];
  switch (operator) {
    case 'Exists':
      return found !== undefined;
    case 'DoesNotExist':
      return found === undefined;
    case 'In':
      return found !== undefined && wanted.includes(found);
    case 'NotIn':
      return found === undefined || !wanted.includes(found);
    case 'Gt':
      return found !== undefined && /^\d+$/.test(found) && Number(found) > Number(wanted[0]);
    case 'Lt':
      return found !== undefined && /^\d+$/.test(found) && Number(found) < Number(wanted[0]);
  }
}

const byText = (list: readonly LabelSelectorRequirement[]): string[] =>
  list.map((each) => JSON.stringify({ ...each, values: [...(each.values ?? [])].sort() })).sort();

describe('label selectors', () => {
  it('match as their requirements say', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), labels, (requirements, of) => {
        expect(compileLabelSelector(requirements)(of)).toBe(requirements.every((each) => holds(each, of)));
      }),
      { numRuns: 500 },
    );
  });

  it('match the same in an object as compiled', () => {
    const selector = fc.record({
      matchLabels: labels,
      matchExpressions: fc.array(
        requirement.filter(({ operator }) => operator !== 'Gt' && operator !== 'Lt'),
        { maxLength: 2 },
      ),
    });
    fc.assert(
      fc.property(selector, labels, (each, of) => void expect(matchesLabelSelector(each, of)).toBe(compileLabelSelector(each)(of))),
      { numRuns: 300 },
    );
  });

  it('mean the same when written and read again', () => {
    fc.assert(
      fc.property(
        fc.array(requirement, { maxLength: 4 }),
        (requirements) => void expect(byText(parseLabelSelector(formatLabelSelector(requirements)))).toEqual(byText(requirements)),
      ),
    );
  });

  it('never fail but with BadRequest, whatever the text', () => {
    const token = fc.constantFrom('a', 'in', 'notin', '(', ')', ',', '!', '=', '==', '!=', '>', '<', ' ', 'x/y', '5', '\u0000', 'é', '\\');
    const text = fc.oneof(
      fc.string(),
      fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join('')),
    );
    fc.assert(
      fc.property(text, (selector) => {
        for (const compile of [compileLabelSelector, compileFieldSelector]) {
          try {
            expect(typeof compile(selector)({})).toBe('boolean');
          } catch (error) {
            expect(isApiError(error) && error.reason).toBe('BadRequest');
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
