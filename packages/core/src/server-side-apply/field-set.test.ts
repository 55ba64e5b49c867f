import { describe, expect, it } from 'vitest';
import { isApiError } from '../api-error.ts';
import { difference, differenceWithBelow, fieldSetOf, formatFieldsV1, hasPath, intersection, NO_FIELDS, parseFieldsV1, pathsOf, union } from './field-set.ts';
import { formatFieldSetPath } from './path-element.ts';

const text = (json: unknown): string => JSON.stringify(json);

describe('fieldsV1', () => {
  it.each([
    { name: 'nothing', json: {} },
    { name: 'fields in the order of their names', json: { 'f:a': {}, 'f:b': { 'f:c': {} } } },
    { name: 'a field that is owned itself and in parts', json: { 'f:labels': { '.': {}, 'f:app': {} } } },
    { name: 'elements with keys', json: { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} }, 'k:{"name":"b"}': { 'f:image': {} } } } },
    { name: 'elements with several keys', json: { 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } } } },
    { name: 'elements of a set', json: { 'f:finalizers': { '.': {}, 'v:"a"': {}, 'v:"b"': {} } } },
    { name: 'kinds of elements: fields, keys, values, indices', json: { 'f:x': {}, 'k:{"a":1}': {}, 'v:1': {}, 'i:0': {} } },
    { name: 'numbers before texts before truths', json: { 'v:1': {}, 'v:2': {}, 'v:10': {}, 'v:"1"': {}, 'v:false': {}, 'v:true': {}, 'v:null': {} } },
    { name: 'keys by their numbers', json: { 'k:{"port":9}': {}, 'k:{"port":10}': {}, 'k:{"port":10,"protocol":"TCP"}': {} } },
    { name: 'indices by their numbers', json: { 'i:2': {}, 'i:10': {} } },
    { name: 'names as bytes of UTF-8', json: { 'f:z': {}, 'f:ä': {}, 'f:\ufb01': {}, 'f:😀': {} } },
    { name: 'hostile names', json: { 'f:__proto__': { 'f:constructor': {} }, 'f:toString': {} } },
  ])('reads and writes $name', ({ json }) => {
    expect(text(formatFieldsV1(parseFieldsV1(json)))).toBe(text(json));
    const reversed = Object.fromEntries(Object.entries(json).reverse());
    expect(text(formatFieldsV1(parseFieldsV1(reversed)))).toBe(text(json));
  });

  it.each([
    { name: 'one spelling of keys', json: { 'k:{ "b":1, "a" : 2}': {} }, want: { 'k:{"a":2,"b":1}': {} } },
    { name: 'one spelling of values', json: { 'v:1.0': {}, 'v:"\\u0061"': {} }, want: { 'v:1': {}, 'v:"a"': {} } },
    { name: 'a dot alone as the field', json: { 'f:a': { '.': {} } }, want: { 'f:a': {} } },
    { name: 'no kinds of elements that it does not know', json: { 'f:a': {}, 'x:b': {} }, want: { 'f:a': {} } },
    { name: 'two spellings of an element as one', json: { 'v:1': {}, 'v:1.0': { 'f:a': {} } }, want: { 'v:1': { '.': {}, 'f:a': {} } } },
  ])('knows $name', ({ json, want }) => {
    expect(text(formatFieldsV1(parseFieldsV1(json)))).toBe(text(want));
  });

  it.each([
    { name: 'a list', json: [] },
    { name: 'a field that is no object', json: { 'f:a': 1 } },
    { name: 'an element that is too short', json: { f: {} } },
    { name: 'keys that are no JSON', json: { 'k:{': {} } },
    { name: 'keys that are no object', json: { 'k:[1]': {} } },
    { name: 'a value that is no JSON', json: { 'v:': {} } },
    { name: 'an index that is no number', json: { 'i:x': {} } },
    { name: 'sets that are too deep', json: Array.from({ length: 1000 }).reduce((below) => ({ 'f:a': below }), {}) },
  ])('refuses $name', ({ json }) => {
    try {
      parseFieldsV1(json);
      expect.unreachable();
    } catch (error) {
      expect(isApiError(error) && error.reason).toBe('BadRequest');
    }
  });
});

describe('sets', () => {
  const a = parseFieldsV1({ 'f:a': { '.': {}, 'f:b': {} }, 'f:c': {} });
  const b = parseFieldsV1({ 'f:a': { 'f:b': {}, 'f:d': {} } });

  it('joins, subtracts and intersects', () => {
    expect(formatFieldsV1(union(a, b))).toEqual({ 'f:a': { '.': {}, 'f:b': {}, 'f:d': {} }, 'f:c': {} });
    expect(formatFieldsV1(difference(a, b))).toEqual({ 'f:a': {}, 'f:c': {} });
    expect(formatFieldsV1(intersection(a, b))).toEqual({ 'f:a': { 'f:b': {} } });
    expect(formatFieldsV1(differenceWithBelow(a, fieldSetOf([['f:a']])))).toEqual({ 'f:c': {} });
    expect(formatFieldsV1(difference(a, fieldSetOf([['f:a']])))).toEqual({ 'f:a': { 'f:b': {} }, 'f:c': {} });
  });

  it('keeps what does not change', () => {
    expect(union(a, NO_FIELDS)).toBe(a);
    expect(union(a, parseFieldsV1({ 'f:c': {} }))).toBe(a);
    expect(difference(a, parseFieldsV1({ 'f:x': {} }))).toBe(a);
    expect(intersection(a, a)).toBe(a);
    expect(difference(a, a)).toBe(NO_FIELDS);
  });

  it('lists paths as Kubernetes shows them', () => {
    const set = parseFieldsV1({ 'f:spec': { 'f:list': { 'k:{"name":"x","port":80}': { '.': {}, 'f:image': {} }, 'v:"s"': {}, 'i:3': {} } } });
    expect(pathsOf(set).map(formatFieldSetPath)).toEqual([
      '.spec.list[name="x",port=80]',
      '.spec.list[name="x",port=80].image',
      '.spec.list[="s"]',
      '.spec.list[3]',
    ]);
    expect(hasPath(set, ['f:spec'])).toBe(false);
    expect(hasPath(set, ['f:spec', 'f:list', 'v:"s"'])).toBe(true);
  });
});
