import { describe, expect, it } from 'vitest';
import { compileFieldSelector, parseFieldSelector } from './field-selector.ts';

describe('parseFieldSelector', () => {
  it.each([
    { text: '', terms: [] },
    { text: 'a=b', terms: [{ field: 'a', operator: '=', value: 'b' }] },
    {
      text: 'a==b,c.d!=e',
      terms: [
        { field: 'a', operator: '=', value: 'b' },
        { field: 'c.d', operator: '!=', value: 'e' },
      ],
    },
    { text: 'a=', terms: [{ field: 'a', operator: '=', value: '' }] },
    { text: 'a=b,', terms: [{ field: 'a', operator: '=', value: 'b' }] },
    { text: 'a=b\\,c\\=d\\\\e', terms: [{ field: 'a', operator: '=', value: 'b,c=d\\e' }] },
    { text: 'a=b!', terms: [{ field: 'a', operator: '=', value: 'b!' }] },
    { text: 'involvedObject.name=web-0', terms: [{ field: 'involvedObject.name', operator: '=', value: 'web-0' }] },
  ])('reads "$text"', ({ text, terms }) => {
    expect(parseFieldSelector(text)).toEqual(terms);
  });

  it.each(['a', '=b', 'a=b=c', 'a=b\\x', 'a=b\\', '!=', 'a,b=c', 'a'.repeat(10_001)])('refuses "%s"', (text) => {
    expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });
});

describe('compileFieldSelector', () => {
  const pod = { metadata: { name: 'a' }, spec: { hostNetwork: true, priority: 5, containers: [] }, status: { phase: 'Running' } };
  it.each([
    { selector: '', matches: true },
    { selector: 'metadata.name=a', matches: true },
    { selector: 'metadata.name!=a', matches: false },
    { selector: 'metadata.name=a,status.phase!=Failed', matches: true },
    { selector: 'spec.nodeName=', matches: true },
    { selector: 'spec.nodeName!=', matches: false },
    { selector: 'spec.hostNetwork=true', matches: true },
    { selector: 'spec.priority=5', matches: true },
    { selector: 'spec.containers=', matches: true },
    { selector: 'metadata.name.length=1', matches: false },
    { selector: 'constructor.name=Object', matches: false },
    { selector: '__proto__.constructor.name=Object', matches: false },
  ])('$selector matches: $matches', ({ selector, matches }) => {
    expect(compileFieldSelector(selector)(pod)).toBe(matches);
  });

  it('reads fields as it is told', () => {
    const matches = compileFieldSelector('spec.unschedulable=false', (object, field) => `${field in object}`);
    expect(matches({})).toBe(true);
  });
});
