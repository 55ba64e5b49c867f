import { describe, expect, it } from 'vitest';
import { decodeObject, encodedObject, encodeObject, isEncodedObject, stampedBytes } from './encoded-object.ts';

const stamped = (json: string): unknown => JSON.parse(Buffer.from(stampedBytes(encodedObject(Buffer.from(json)), '7')).toString());

describe('an encoded object', () => {
  it.each([
    ['first', '{"metadata":{"name":"a"},"kind":"K"}'],
    ['last', '{"kind":"K","spec":{"metadata":{"name":"b"},"text":"}\\"{,"},"list":[{"a":[1,"]"]}],"metadata":{"name":"a"}}'],
    ['empty', '{"kind":"K","n":-1.5e3,"t":true,"z":null,"metadata":{}}'],
    ['spread out', ' {\n "kind" : "K" ,\n "metadata" :\t{ "labels" : { "resourceVersion" : "1" } } }'],
  ])('gets its revision where metadata comes %s', (_, json) => {
    const plain = JSON.parse(json) as { metadata: object };
    expect(stamped(json)).toEqual({ ...plain, metadata: { ...plain.metadata, resourceVersion: '7' } });
  });

  it('is without the revision that the object had', () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', resourceVersion: '3' } };
    expect(decodeObject(encodeObject(object))).toEqual({ ...object, metadata: { name: 'a' } });
    expect([isEncodedObject(encodeObject(object)), isEncodedObject(object), isEncodedObject(undefined)]).toEqual([true, false, false]);
  });

  it.each([
    ['has a revision', '{"metadata":{"name":"a","resourceVersion":"1"}}', /has a resourceVersion/],
    ['has no metadata', '{"kind":"K"}', /has no metadata/],
    ['has metadata that is no object', '{"metadata":"x"}', /has no metadata/],
    ['is a list', '[]', /does not begin with a brace/],
    ['ends too early', '{"kind":"K","spec":{"a":1', /ends too early/],
    ['ends in a string', '{"kind":"K', /ends too early/],
    ['has no colon', '{"kind" "K"}', /damaged/],
  ])('that %s is refused', (_, json, message) => {
    expect(() => encodedObject(Buffer.from(json))).toThrow(message);
  });

  it('that is not UTF-8 is refused', () => {
    expect(() => encodedObject(Buffer.from([0x7b, 0xff]))).toThrow(/UTF-8/);
  });
});
