import type { KubernetesObject } from '@kybern/core';
import { describe, expect, it } from 'vitest';
import type { Annex } from '../../internal/byte-record.ts';
import { createObjectCodec } from './object-codec.ts';

const object = (metadata: object): KubernetesObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '"metadata":{}' } }) as unknown as KubernetesObject;

/** Keeps texts beside objects, as the API server does. */
function textAnnex(): Annex & { readonly texts: Map<object, string> } {
  const texts = new Map<object, string>();
  return { texts, of: (value) => texts.get(value), attach: (value, text) => texts.set(value, text) };
}

describe('the values of etcd', () => {
  it.each([
    { name: 'an object', metadata: { name: 'a', namespace: 'ns' } },
    { name: 'one without metadata to speak of', metadata: {} },
  ])('are the JSON of $name, without its revision', ({ metadata }) => {
    const codec = createObjectCodec(undefined);
    expect(Buffer.from(codec.encode(object({ ...metadata, resourceVersion: '7' }))).toString()).toBe(JSON.stringify(object(metadata)));
    expect(codec.decode(codec.encode(object({ ...metadata, resourceVersion: '7' })))).toEqual(object(metadata));
  });

  it.each([{ metadata: { name: 'a' } }, { metadata: {} }])('have the managed fields where Kubernetes has them: $metadata', ({ metadata }) => {
    const annex = textAnnex();
    const codec = createObjectCodec(annex);
    const value = object({ ...metadata, resourceVersion: '7' });
    const managedFields = [{ manager: 'kubectl', operation: 'Update' }];
    annex.texts.set(value, JSON.stringify(managedFields));
    const bytes = codec.encode(value);
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(object({ ...metadata, managedFields }));
    const read = codec.decode(bytes);
    expect(read).toEqual(object(metadata));
    expect(annex.texts.get(read)).toBe(JSON.stringify(managedFields));
  });

  it('are refused when they are no objects', () => {
    const codec = createObjectCodec(undefined);
    for (const text of ['k8s\0', '[]', '{}', 'null', '1']) expect(() => codec.decode(Buffer.from(text))).toThrow();
  });
});
