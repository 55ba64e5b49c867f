import type { Taint, Toleration } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { parseInteger, toleratesTaint } from './tolerations.ts';

const taint: Taint = { key: 'dedicated', value: 'user1', effect: 'NoSchedule' };

const rows: readonly { readonly name: string; readonly toleration: Toleration; readonly taint?: Taint; readonly tolerates: boolean }[] = [
  { name: 'equal key, value and effect', toleration: { key: 'dedicated', operator: 'Equal', value: 'user1', effect: 'NoSchedule' }, tolerates: true },
  { name: 'no operator means Equal', toleration: { key: 'dedicated', value: 'user1', effect: 'NoSchedule' }, tolerates: true },
  { name: 'another value', toleration: { key: 'dedicated', value: 'user2', effect: 'NoSchedule' }, tolerates: false },
  { name: 'another effect', toleration: { key: 'dedicated', value: 'user1', effect: 'PreferNoSchedule' }, tolerates: false },
  { name: 'no effect means all', toleration: { key: 'dedicated', value: 'user1' }, tolerates: true },
  { name: 'Exists ignores the value', toleration: { key: 'dedicated', operator: 'Exists' }, tolerates: true },
  { name: 'Exists of another key', toleration: { key: 'other', operator: 'Exists' }, tolerates: false },
  { name: 'Exists without a key is everything', toleration: { operator: 'Exists' }, tolerates: true },
  { name: 'an empty key needs Exists', toleration: { value: 'user1' }, tolerates: false },
  { name: 'no value equals no value', toleration: { key: 'x' }, taint: { key: 'x', effect: 'NoExecute' }, tolerates: true },
  { name: 'no value is not some value', toleration: { key: 'dedicated' }, tolerates: false },
  { name: 'Gt', toleration: { key: 'sla', operator: 'Gt', value: '950' }, taint: { key: 'sla', value: '999', effect: 'NoSchedule' }, tolerates: true },
  {
    name: 'Gt of an equal number',
    toleration: { key: 'sla', operator: 'Gt', value: '950' },
    taint: { key: 'sla', value: '950', effect: 'NoSchedule' },
    tolerates: false,
  },
  { name: 'Lt', toleration: { key: 'sla', operator: 'Lt', value: '950' }, taint: { key: 'sla', value: '-1', effect: 'NoSchedule' }, tolerates: true },
  {
    name: 'Lt of no number',
    toleration: { key: 'sla', operator: 'Lt', value: '950' },
    taint: { key: 'sla', value: 'low', effect: 'NoSchedule' },
    tolerates: false,
  },
];

describe('toleratesTaint', () => {
  it.each(rows)('$name', ({ toleration, taint: other, tolerates }) => {
    expect(toleratesTaint(toleration, other ?? taint)).toBe(tolerates);
  });
});

describe('parseInteger', () => {
  it.each([
    { name: 'leading zeroes', text: '0206', value: 206n },
    { name: 'a sign', text: '-3', value: -3n },
    { name: 'beyond doubles', text: '9007199254740993', value: 9007199254740993n },
    { name: 'a fraction', text: '1.5', value: undefined },
    { name: 'nothing', text: '', value: undefined },
    { name: 'words', text: 'gt', value: undefined },
  ])('$name', ({ text, value }) => expect(parseInteger(text)).toBe(value));
});
