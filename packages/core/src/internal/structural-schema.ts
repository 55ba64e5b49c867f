import type { Schema } from '../kind-model.ts';
import type { KindSchema, KindSchemaProperties } from '../kind-schema.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const TEXT: KindSchema = { type: 'string' };
const LABELS: KindSchema = { type: 'object', additionalProperties: TEXT };

/** `metadata` of a kind of one's own, as far as a schema goes; names and labels are the API server's to check. */
export const METADATA: KindSchema = {
  type: 'object',
  properties: {
    name: TEXT,
    generateName: TEXT,
    namespace: TEXT,
    uid: TEXT,
    resourceVersion: TEXT,
    selfLink: TEXT,
    generation: { type: 'integer' },
    creationTimestamp: { type: 'string', format: 'date-time', nullable: true },
    deletionTimestamp: { type: 'string', format: 'date-time', nullable: true },
    deletionGracePeriodSeconds: { type: 'integer' },
    labels: LABELS,
    annotations: LABELS,
    finalizers: { type: 'array', items: TEXT, 'x-kubernetes-list-type': 'set' },
    ownerReferences: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      items: {
        type: 'object',
        required: ['apiVersion', 'kind', 'name', 'uid'],
        properties: { apiVersion: TEXT, kind: TEXT, name: TEXT, uid: TEXT, controller: { type: 'boolean' }, blockOwnerDeletion: { type: 'boolean' } },
        'x-kubernetes-map-type': 'atomic',
      },
    },
    managedFields: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        properties: {
          apiVersion: TEXT,
          fieldsType: TEXT,
          fieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          manager: TEXT,
          operation: TEXT,
          subresource: TEXT,
          time: { type: 'string', format: 'date-time' },
        },
      },
    },
  },
};

/** `status.conditions` where the definition does not say otherwise. */
export const CONDITIONS: KindSchema = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['type', 'status'],
    properties: {
      type: TEXT,
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      reason: TEXT,
      message: TEXT,
      lastTransitionTime: { type: 'string', format: 'date-time' },
      observedGeneration: { type: 'integer', format: 'int64' },
    },
  },
};

/** What merging, pruning and printing need to know, from a structural schema. */
export function toSchema(schema: KindSchema): Schema {
  const node: Mutable<Schema> = {};
  const { type, format, properties, required, items, additionalProperties } = schema;
  if (type !== undefined) node.type = type;
  if (schema['x-kubernetes-int-or-string'] === true) node.format = 'int-or-string';
  else if (format !== undefined) node.format = format;
  if (properties !== undefined) node.properties = mapProperties(properties);
  if (required !== undefined) node.required = required;
  if (items !== undefined) node.items = toSchema(items);
  if (additionalProperties !== undefined)
    node.additionalProperties = additionalProperties === true ? { preserveUnknownFields: true } : toSchema(additionalProperties);
  if (schema.default !== undefined) node.default = schema.default;
  if (schema.nullable === true) node.nullable = true;
  copyTypes(schema, node);
  return Object.freeze(node);
}

function copyTypes(schema: KindSchema, node: Mutable<Schema>): void {
  const listType = schema['x-kubernetes-list-type'];
  const listMapKeys = schema['x-kubernetes-list-map-keys'];
  const mapType = schema['x-kubernetes-map-type'];
  if (listType !== undefined) node.listType = listType;
  if (listMapKeys !== undefined) node.listMapKeys = listMapKeys;
  if (mapType !== undefined) node.mapType = mapType;
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) node.preserveUnknownFields = true;
}

function mapProperties(properties: KindSchemaProperties): Record<string, Schema> {
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, toSchema(property)]));
}
