import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBody } from './parse-body.ts';

const json = (text: string): ReturnType<typeof parseBody> => parseBody(text, { yaml: false });

describe('the parser of bodies', () => {
  it.each([
    { name: 'none', text: '{"a":{"b":1},"c":[{"b":1},{"b":"x:y"}]}', duplicates: [] },
    { name: 'one at the top', text: '{"a":1,"a":2}', duplicates: ['duplicate field "a"'] },
    {
      name: 'one deep inside',
      text: '{"spec":{"containers":[{"name":"a"},{"name":"b","image":"x","name":"c"}]}}',
      duplicates: ['duplicate field "spec.containers[1].name"'],
    },
    { name: 'one that is written otherwise', text: '{"data":{"a":"1","\\u0061":"2"}}', duplicates: ['duplicate field "data.a"'] },
    { name: 'one that is there three times', text: '{"a":1,"a":2,"a":3}', duplicates: ['duplicate field "a"'] },
    { name: '__proto__', text: '{"data":{"__proto__":"1","__proto__":"2"}}', duplicates: ['duplicate field "data.__proto__"'] },
  ])('names fields that are there twice: $name', ({ text, duplicates }) => {
    expect(json(text)).toEqual({ value: JSON.parse(text), duplicates });
  });

  it('names the lines of keys that a YAML text has twice, of which the last counts', () => {
    expect(parseBody('data:\n  a: "1"\n  b: "2"\n  a: "3"\n', { yaml: true })).toEqual({
      value: { data: { a: '3', b: '2' } },
      duplicates: ['line 4: key "a" already set in map'],
    });
  });

  it('takes JSON under the name of YAML, also in its short form', () => {
    expect(parseBody('{"a":1,"a":2}', { yaml: true }).duplicates).toEqual(['duplicate field "a"']);
    expect(parseBody('{a: 1}', { yaml: true })).toEqual({ value: { a: 1 }, duplicates: [] });
  });

  it.each([
    { name: 'no JSON', text: '{"a":', yaml: false, message: /not JSON/ },
    { name: 'no YAML', text: 'a: [', yaml: true, message: /not YAML/ },
    { name: 'too deep JSON', text: '['.repeat(501) + ']'.repeat(501), yaml: false, message: /nested deeper than 500/ },
    { name: 'too deep JSON under the name of YAML', text: '['.repeat(501) + ']'.repeat(501), yaml: true, message: /nested deeper than 500/ },
  ])('refuses $name', ({ text, yaml, message }) => {
    expect(() => parseBody(text, { yaml })).toThrow(message);
  });

  it('finds no duplicates in any JSON that was written from data, and the data again', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(json(text)).toEqual({ value: JSON.parse(text), duplicates: [] });
      }),
    );
  });
});
