import type { JSONSchemaProps } from '@kybern/core/kinds';
import { compileStructural, type Structural } from './structural.ts';

const TEXT: JSONSchemaProps = { type: 'string' };
const FLAG: JSONSchemaProps = { type: 'boolean' };
const NUMBER: JSONSchemaProps = { type: 'integer' };
const TIME: JSONSchemaProps = { type: 'string', format: 'date-time', nullable: true };
const TEXTS: JSONSchemaProps = { type: 'object', additionalProperties: TEXT };

const OWNER: JSONSchemaProps = {
  type: 'object',
  required: ['apiVersion', 'kind', 'name', 'uid'],
  properties: { apiVersion: TEXT, kind: TEXT, name: TEXT, uid: TEXT, controller: FLAG, blockOwnerDeletion: FLAG },
  'x-kubernetes-map-type': 'atomic',
};

const ENTRY: JSONSchemaProps = {
  type: 'object',
  properties: {
    apiVersion: TEXT,
    fieldsType: TEXT,
    fieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    manager: TEXT,
    operation: TEXT,
    subresource: TEXT,
    time: TIME,
  },
};

/** `metadata` of every object. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (ObjectMeta) */
export const OBJECT_META: JSONSchemaProps = {
  type: 'object',
  properties: {
    name: TEXT,
    generateName: TEXT,
    namespace: TEXT,
    selfLink: TEXT,
    uid: TEXT,
    resourceVersion: TEXT,
    generation: NUMBER,
    creationTimestamp: TIME,
    deletionTimestamp: TIME,
    deletionGracePeriodSeconds: NUMBER,
    labels: TEXTS,
    annotations: TEXTS,
    ownerReferences: { type: 'array', items: OWNER, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['uid'] },
    finalizers: { type: 'array', items: TEXT, 'x-kubernetes-list-type': 'set' },
    managedFields: { type: 'array', items: ENTRY, 'x-kubernetes-list-type': 'atomic' },
  },
};

/** The fields that every object has, as a schema takes them for known. */
export interface ObjectFields {
  readonly text: Structural;
  readonly metadata: Structural;
}

/** Compiles the schemas of {@link ObjectFields}. */
export function compileObjectFields(): ObjectFields {
  return { text: compileStructural(TEXT), metadata: compileStructural(OBJECT_META) };
}
