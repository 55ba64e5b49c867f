import type { KubernetesObject } from '@kybern/core';
import { decodeObject, type EncodedObject } from '../../encoded-object.ts';
import type { Annex } from '../../internal/byte-record.ts';

/** How objects are written as the values of etcd. */
export interface ObjectCodec {
  /** The value of an object, without `resourceVersion`: etcd knows it. */
  encode(value: KubernetesObject): Uint8Array;
  /** The object of a value. It may be changed by who gets it. @throws {SyntaxError} it is no JSON */
  decode(bytes: Uint8Array): KubernetesObject;
  /** The object that somebody committed as JSON. */
  plain(encoded: EncodedObject): KubernetesObject;
}

/**
 * Values are the JSON of the objects. What goes with an object, the text of who owns which fields, is where Kubernetes has it too: in
 * `metadata.managedFields`.
 */
export function createObjectCodec(annex: Annex | undefined): ObjectCodec {
  return {
    encode: (value) => Buffer.from(textOf(value, annex?.of(value))),
    decode(bytes) {
      const object = JSON.parse((bytes as Buffer).toString('utf8')) as KubernetesObject;
      if (typeof object.metadata !== 'object') throw new SyntaxError('it has no metadata');
      if (annex !== undefined) detach(object, annex);
      return object;
    },
    plain(encoded) {
      const object = decodeObject(encoded);
      if (encoded.annex !== undefined) annex?.attach(object, encoded.annex);
      return object;
    },
  };
}

function textOf(value: KubernetesObject, managedFields: string | undefined): string {
  const { resourceVersion: _, ...metadata } = value.metadata;
  if (managedFields === undefined) return JSON.stringify({ ...value, metadata });
  const parts: string[] = [];
  for (const [name, part] of Object.entries(value)) {
    if (name === 'metadata') parts.push(`"metadata":${withField(JSON.stringify(metadata), managedFields)}`);
    else if (part !== undefined) parts.push(`${JSON.stringify(name)}:${JSON.stringify(part)}`);
  }
  return `{${parts.join(',')}}`;
}

/** The text is JSON already, and need not be parsed to be written. */
const withField = (object: string, managedFields: string): string => `${object.slice(0, -1)}${object === '{}' ? '' : ','}"managedFields":${managedFields}}`;

function detach(object: KubernetesObject, annex: Annex): void {
  const { managedFields } = object.metadata;
  if (managedFields === undefined) return;
  delete (object.metadata as { managedFields?: unknown }).managedFields;
  annex.attach(object, JSON.stringify(managedFields));
}
