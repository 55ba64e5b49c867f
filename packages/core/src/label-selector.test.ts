import { describe, expect, it } from 'vitest';
import { compileLabelSelector, formatLabelSelector, matchesLabelSelector, parseLabelSelector, type LabelSelectorInput } from './label-selector.ts';

describe('parseLabelSelector', () => {
  it.each([
    { text: '', terms: [] },
    { text: '  ', terms: [] },
    { text: 'a', terms: [{ key: 'a', operator: 'Exists' }] },
    { text: '!a', terms: [{ key: 'a', operator: 'DoesNotExist' }] },
    { text: ' ! a ', terms: [{ key: 'a', operator: 'DoesNotExist' }] },
    { text: 'a=b', terms: [{ key: 'a', operator: 'In', values: ['b'] }] },
    { text: 'a == b', terms: [{ key: 'a', operator: 'In', values: ['b'] }] },
    { text: 'a!=b', terms: [{ key: 'a', operator: 'NotIn', values: ['b'] }] },
    { text: 'a=', terms: [{ key: 'a', operator: 'In', values: [''] }] },
    {
      text: 'a=,b',
      terms: [
        { key: 'a', operator: 'In', values: [''] },
        { key: 'b', operator: 'Exists' },
      ],
    },
    { text: 'a in (b, c)', terms: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] },
    { text: 'a in (b,,b)', terms: [{ key: 'a', operator: 'In', values: ['b', ''] }] },
    { text: 'a notin (b)', terms: [{ key: 'a', operator: 'NotIn', values: ['b'] }] },
    { text: 'in in (notin)', terms: [{ key: 'in', operator: 'In', values: ['notin'] }] },
    {
      text: 'a>1,b<-2',
      terms: [
        { key: 'a', operator: 'Gt', values: ['1'] },
        { key: 'b', operator: 'Lt', values: ['-2'] },
      ],
    },
    { text: 'example.com/tier=a.b_c-d', terms: [{ key: 'example.com/tier', operator: 'In', values: ['a.b_c-d'] }] },
  ])('reads "$text"', ({ text, terms }) => {
    // A label value has to begin with a letter or digit, but a bound may have a sign.
    expect(parseLabelSelector(text)).toEqual(terms);
  });

  it.each([
    'a in',
    'a in (',
    'a in ()',
    'a in b',
    'a in (b',
    'a in (b c)',
    '(a)',
    'a b',
    'a=b c',
    '=b',
    ',a',
    'a,',
    'a,,b',
    '!a=b',
    '!',
    '!!a',
    'a===b',
    'a>x',
    'a>',
    'a>1.5',
    '-a',
    'a/b/c',
    `a=${'x'.repeat(64)}`,
    `${'x'.repeat(64)}`,
    'a=-b',
    'a in (b, c!)',
    '__proto__',
    'a>99999999999999999999',
  ])('refuses "%s"', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ name: 'ApiError', reason: 'BadRequest' }));
  });
});

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front', gen: '7', empty: '' };
  it.each([
    { selector: '', matches: true },
    { selector: 'app', matches: true },
    { selector: '!app', matches: false },
    { selector: 'none', matches: false },
    { selector: '!none', matches: true },
    { selector: 'app=web,tier=front', matches: true },
    { selector: 'app=web,tier=back', matches: false },
    { selector: 'app=web,tier=front,gen=8', matches: false },
    { selector: 'app!=db', matches: true },
    { selector: 'none!=db', matches: true },
    { selector: 'none=db', matches: false },
    { selector: 'app in (db, web)', matches: true },
    { selector: 'app notin (db, web)', matches: false },
    { selector: 'none notin (db, web)', matches: true },
    { selector: 'none in (db, web)', matches: false },
    { selector: 'gen>6,gen<8', matches: true },
    { selector: 'gen>7', matches: false },
    { selector: 'app>1', matches: false },
    { selector: 'none<1', matches: false },
    { selector: 'empty=', matches: true },
    { selector: 'none=', matches: false },
    { selector: 'constructor', matches: false },
    { selector: '!constructor', matches: true },
    { selector: 'toString!=x', matches: true },
    { selector: { app: 'web' }, matches: true },
    { selector: { app: 'db' }, matches: false },
    { selector: {}, matches: true },
    { selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['front'] }] }, matches: true },
    { selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, matches: false },
    { selector: { matchLabels: 'x' }, matches: false },
    { selector: [{ key: 'app', operator: 'Exists' }], matches: true },
  ])('$selector matches: $matches', ({ selector, matches }) => {
    expect(compileLabelSelector(selector as LabelSelectorInput)(labels)).toBe(matches);
  });

  it('take absent labels for none', () => {
    for (const selector of ['', '!a', 'a!=b', 'a notin (b, c)']) expect(compileLabelSelector(selector)(undefined)).toBe(true);
    for (const selector of ['a', 'a=b', 'a in (b, c)', 'a>1']) expect(compileLabelSelector(selector)(undefined)).toBe(false);
  });

  it('select nothing when there is none, and everything when it is empty', () => {
    expect(matchesLabelSelector(undefined, labels)).toBe(false);
    expect(matchesLabelSelector({}, labels)).toBe(true);
    expect(matchesLabelSelector({}, undefined)).toBe(true);
  });

  it.each([
    { name: 'an unknown operator', selector: { matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] } },
    { name: 'In without values', selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    { name: 'Exists with values', selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } },
    { name: 'a value that is no text', selector: { matchLabels: { a: 1 } } },
    { name: 'expressions that are no list', selector: { matchExpressions: { key: 'a' } } },
    { name: 'an expression that is nothing', selector: { matchExpressions: [null] } },
    { name: 'values that are no list', selector: { matchExpressions: [{ key: 'a', operator: 'In', values: 'b' }] } },
  ])('refuse $name', ({ selector }) => {
    expect(() => compileLabelSelector(selector as never)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });
});

describe('formatLabelSelector', () => {
  it.each([
    { selector: { matchLabels: { tier: 'front', app: 'web' } }, text: 'app=web,tier=front' },
    {
      selector: {
        matchLabels: { b: '1' },
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['y', 'x'] },
          { key: 'c', operator: 'DoesNotExist' },
        ],
      },
      text: 'a in (x,y),b=1,!c',
    },
    { selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['x'] }] }, text: 'a in (x)' },
    { selector: 'a==b, c!=d ,e>1', text: 'a=b,c!=d,e>1' },
    { selector: {}, text: '' },
  ])('writes $text', ({ selector, text }) => {
    expect(formatLabelSelector(selector as LabelSelectorInput)).toBe(text);
  });
});
