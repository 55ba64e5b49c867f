import { defineKind, type ObjectOf } from '@kybern/core';

/** A database: a Pod that may exist once and no more, and the backups that are wanted of it. */
export const Database = defineKind({
  group: 'example.com',
  version: 'v1',
  kind: 'Database',
  scope: 'Namespaced',
  spec: { type: 'object', required: ['image'], properties: { image: { type: 'string' } } },
  status: { type: 'object', properties: { pod: { type: 'string' } } },
});

/** Typed from the schema. */
export type Database = ObjectOf<typeof Database>;
