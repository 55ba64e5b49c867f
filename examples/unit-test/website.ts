import { defineKind, type ObjectOf } from '@kybern/core';

/** A kind of our own: a website is an image that runs a number of times. */
export const Website = defineKind({
  group: 'example.com',
  version: 'v1',
  kind: 'Website',
  scope: 'Namespaced',
  spec: {
    type: 'object',
    required: ['image'],
    properties: { image: { type: 'string' }, replicas: { type: 'integer', minimum: 1, default: 1 } },
  },
  status: { type: 'object', properties: { readyReplicas: { type: 'integer' } } },
});

/** Typed from the schema: `site.spec.replicas` is a number, because it has a default. */
export type Website = ObjectOf<typeof Website>;
