import { describe, expect, it } from 'vitest';
import { applySchema } from '../../test/apply-schema.ts';
import { deepFreeze } from '../json-data.ts';
import { compareFields } from './compare-fields.ts';
import { formatFieldsV1 } from './field-set.ts';
import { fieldTypeOf } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { mergeFields } from './merge-fields.ts';

const type = fieldTypeOf(applySchema);

describe('the fields of an applied object', () => {
  it.each([
    { name: 'values', object: { spec: { replicas: 1 } }, want: { 'f:spec': { 'f:replicas': {} } } },
    { name: 'a null as a value', object: { spec: { text: null } }, want: { 'f:spec': { 'f:text': {} } } },
    { name: 'an empty object as a value', object: { spec: {} }, want: { 'f:spec': {} } },
    { name: 'keys of maps', object: { metadata: { labels: { a: '1' } } }, want: { 'f:metadata': { 'f:labels': { 'f:a': {} } } } },
    { name: 'nothing of an empty list of elements', object: { spec: { parts: [] } }, want: {} },
    { name: 'an atomic list as one value', object: { spec: { list: ['x'] } }, want: { 'f:spec': { 'f:list': {} } } },
    { name: 'an atomic map as one value', object: { spec: { selector: { a: '1' } } }, want: { 'f:spec': { 'f:selector': {} } } },
    { name: 'elements of a set', object: { metadata: { finalizers: ['b', 'a'] } }, want: { 'f:metadata': { 'f:finalizers': { 'v:"a"': {}, 'v:"b"': {} } } } },
    {
      name: 'elements with keys, and themselves',
      object: { spec: { parts: [{ name: 'a', value: '1' }] } },
      want: { 'f:spec': { 'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} } } } },
    },
    {
      name: 'keys that a default fills in',
      object: { spec: { parts: [{ name: 'a', ports: [{ port: 80 }] }] } },
      want: {
        'f:spec': { 'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } } } },
      },
    },
    {
      name: 'lists that merge strategically as lists with keys',
      object: { spec: { merged: [{ name: 'a' }] } },
      want: { 'f:spec': { 'f:merged': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } } },
    },
    {
      name: 'what no schema describes: maps field by field, lists as a whole',
      object: { spec: { anything: { a: { b: [{ c: 1 }] } } } },
      want: { 'f:spec': { 'f:anything': { 'f:a': { '.': {}, 'f:b': {} } } } },
    },
    { name: 'a value of any shape as one', object: { spec: { raw: { a: { b: 1 } } } }, want: { 'f:spec': { 'f:raw': {} } } },
    {
      name: 'duplicates once, without their fields',
      object: { spec: { parts: [{ name: 'a' }, { name: 'a', value: '1' }] } },
      want: { 'f:spec': { 'f:parts': { 'k:{"name":"a"}': {} } } },
    },
  ])('has $name', ({ object, want }) => {
    expect(formatFieldsV1(fieldsOf(object, type))).toEqual(want);
  });

  it('does without a schema', () => {
    const object = { spec: { a: { b: 1 }, list: [{ c: 1 }] } };
    expect(formatFieldsV1(fieldsOf(object, fieldTypeOf(undefined)))).toEqual({ 'f:spec': { '.': {}, 'f:a': { '.': {}, 'f:b': {} }, 'f:list': {} } });
  });
});

describe('what a change did', () => {
  it.each([
    { name: 'nothing', before: { spec: { list: ['a'] } }, after: { spec: { list: ['a'] } }, want: {} },
    { name: 'a value', before: { spec: { text: '1' } }, after: { spec: { text: '2' } }, want: { modified: { 'f:spec': { 'f:text': {} } } } },
    {
      name: 'what is added, with all around it',
      before: {},
      after: { metadata: { labels: { a: '1' } } },
      want: { added: { 'f:metadata': { '.': {}, 'f:labels': { '.': {}, 'f:a': {} } } } },
    },
    {
      name: 'what is removed',
      before: { spec: { parts: [{ name: 'a' }, { name: 'b' }] } },
      after: { spec: { parts: [{ name: 'b' }] } },
      want: { removed: { 'f:spec': { 'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } } } },
    },
    {
      name: 'nothing when elements change places',
      before: { metadata: { finalizers: ['f', 'g'] } },
      after: { metadata: { finalizers: ['g', 'f'] } },
      want: {},
    },
    {
      name: 'an atomic list as a whole',
      before: { spec: { list: ['a', 'b'] } },
      after: { spec: { list: ['b', 'a'] } },
      want: { modified: { 'f:spec': { 'f:list': {} } } },
    },
    {
      name: 'a map that becomes a value',
      before: { spec: { anything: { a: { b: 1 } } } },
      after: { spec: { anything: { a: 1 } } },
      want: { removed: { 'f:spec': { 'f:anything': { 'f:a': { 'f:b': {} } } } }, modified: { 'f:spec': { 'f:anything': { 'f:a': {} } } } },
    },
    {
      name: 'duplicates that appear',
      before: { spec: { parts: [{ name: 'a', value: '1' }] } },
      after: { spec: { parts: [{ name: 'a' }, { name: 'a' }] } },
      want: {
        removed: { 'f:spec': { 'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} } } } },
        added: { 'f:spec': { 'f:parts': { 'k:{"name":"a"}': {} } } },
      },
    },
    {
      name: 'duplicates that change',
      before: { spec: { parts: [{ name: 'a' }, { name: 'a' }] } },
      after: { spec: { parts: [{ name: 'a' }, { name: 'a', value: '1' }] } },
      want: { modified: { 'f:spec': { 'f:parts': { 'k:{"name":"a"}': {} } } } },
    },
    { name: 'a list that becomes empty', before: { spec: { list: ['a'] } }, after: { spec: { list: [] } }, want: { modified: { 'f:spec': { 'f:list': {} } } } },
  ])('is $name', ({ before, after, want }) => {
    const { removed, modified, added } = compareFields(before, after, type);
    expect({ removed: formatFieldsV1(removed), modified: formatFieldsV1(modified), added: formatFieldsV1(added) }).toEqual({
      removed: {},
      modified: {},
      added: {},
      ...want,
    });
  });
});

describe('merging', () => {
  const set = (...finalizers: string[]): object => ({ metadata: { finalizers } });
  it.each([
    { name: 'keeps what is the same', live: ['a', 'b'], applied: ['a', 'b'], want: ['a', 'b'] },
    { name: 'keeps what is only there', live: ['a', 'b', 'c'], applied: ['a', 'b'], want: ['a', 'b', 'c'] },
    { name: 'puts elements in the order that is applied', live: ['a', 'b'], applied: ['b', 'a'], want: ['b', 'a'] },
    { name: 'puts what is new last', live: ['a', 'b', 'c'], applied: ['d', 'e', 'f'], want: ['a', 'b', 'c', 'd', 'e', 'f'] },
    { name: 'continues after what both have', live: ['a', 'b', 'c'], applied: ['c', 'd', 'e', 'f'], want: ['a', 'b', 'c', 'd', 'e', 'f'] },
    { name: 'keeps what is between', live: ['a', 'b', 'c', 'g', 'f'], applied: ['c', 'd', 'e', 'f'], want: ['a', 'b', 'c', 'g', 'd', 'e', 'f'] },
    { name: 'moves several', live: ['c', 'a', 'g', 'f'], applied: ['c', 'f', 'a', 'g'], want: ['c', 'f', 'a', 'g'] },
    { name: 'moves across what is only there', live: ['a', 'b', 'c', 'd'], applied: ['d', 'a'], want: ['b', 'c', 'd', 'a'] },
  ])('$name', ({ live, applied, want }) => {
    expect(mergeFields(set(...live), set(...applied), type)).toEqual(set(...want));
  });

  it.each([
    { name: 'atomic lists are replaced', live: { spec: { list: ['a', 'b'] } }, applied: { spec: { list: ['c'] } }, want: { spec: { list: ['c'] } } },
    {
      name: 'atomic maps are replaced',
      live: { spec: { selector: { a: '1' } } },
      applied: { spec: { selector: { b: '1' } } },
      want: { spec: { selector: { b: '1' } } },
    },
    {
      name: 'maps merge',
      live: { metadata: { labels: { a: '1' } } },
      applied: { metadata: { labels: { b: '1' } } },
      want: { metadata: { labels: { a: '1', b: '1' } } },
    },
    {
      name: 'elements merge by their keys, with defaults',
      live: { spec: { parts: [{ name: 'a', ports: [{ port: 80, protocol: 'TCP', name: 'x' }] }] } },
      applied: {
        spec: {
          parts: [
            {
              name: 'a',
              ports: [
                { port: 80, name: 'y' },
                { port: 80, protocol: 'UDP' },
              ],
            },
          ],
        },
      },
      want: {
        spec: {
          parts: [
            {
              name: 'a',
              ports: [
                { port: 80, protocol: 'TCP', name: 'y' },
                { port: 80, protocol: 'UDP' },
              ],
            },
          ],
        },
      },
    },
    {
      name: 'duplicates are replaced by the one that is applied',
      live: { spec: { parts: [{ name: 'a', value: '1' }, { name: 'b' }, { name: 'a' }] } },
      applied: { spec: { parts: [{ name: 'a' }] } },
      want: { spec: { parts: [{ name: 'a' }, { name: 'b' }] } },
    },
    {
      name: 'shapes that differ are replaced',
      live: { spec: { anything: { a: [1] } } },
      applied: { spec: { anything: { a: { b: 1 } } } },
      want: { spec: { anything: { a: { b: 1 } } } },
    },
    {
      name: '__proto__ is data',
      live: JSON.parse('{"metadata":{"labels":{"__proto__":"1"}}}') as object,
      applied: JSON.parse('{"metadata":{"labels":{"__proto__":"2"}}}') as object,
      want: JSON.parse('{"metadata":{"labels":{"__proto__":"2"}}}') as object,
    },
  ])('$name', ({ live, applied, want }) => {
    const merged = mergeFields(deepFreeze(live), deepFreeze(applied), type);
    expect(JSON.stringify(merged)).toBe(JSON.stringify(want));
    expect(mergeFields(merged, applied, type)).toBe(merged);
  });
});
