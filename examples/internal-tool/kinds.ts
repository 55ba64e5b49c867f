import { defineKind, type ObjectOf } from '@kybern/core';

/** A DNS zone that a name server has as a file. */
export const Zone = defineKind({
  group: 'dns.example.com',
  version: 'v1',
  kind: 'Zone',
  scope: 'Namespaced',
  spec: {
    type: 'object',
    required: ['domain'],
    properties: {
      domain: { type: 'string', pattern: '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]+$' },
      ttlSeconds: { type: 'integer', minimum: 1, default: 300 },
    },
  },
  status: { type: 'object', properties: { serial: { type: 'integer' }, records: { type: 'integer' } } },
});
export type Zone = ObjectOf<typeof Zone>;

/** One line of a zone of the same namespace. */
export const DnsRecord = defineKind({
  group: 'dns.example.com',
  version: 'v1',
  kind: 'DnsRecord',
  scope: 'Namespaced',
  spec: {
    type: 'object',
    required: ['zone', 'name', 'type', 'value'],
    properties: {
      zone: { type: 'string' },
      name: { type: 'string', pattern: '^(@|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$' },
      type: { type: 'string', enum: ['A', 'AAAA', 'CNAME'] },
      value: { type: 'string', pattern: '^[A-Za-z0-9.:-]+$' },
    },
  },
});
export type DnsRecord = ObjectOf<typeof DnsRecord>;
