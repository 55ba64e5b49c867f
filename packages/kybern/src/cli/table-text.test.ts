import type { Table } from '@kybern/apiserver';
import { describe, expect, it } from 'vitest';
import { formatTable } from './table-text.ts';

const column = (name: string, priority: 0 | 1 = 0): Table['columnDefinitions'][number] => ({ name, type: 'string', format: '', description: '', priority });
const table: Table = {
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata: {},
  columnDefinitions: [column('Name'), column('Ready'), column('Node', 1)],
  rows: [
    { cells: ['web-0', '1/1', 'node-1'], object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-0', namespace: 'a' } } },
    { cells: ['web-0123456789', '0/1', 'node-2\nmore'], object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-0123456789', namespace: 'bb' } } },
  ],
};

describe('formatTable', () => {
  it('prints as kubectl does', () => {
    expect(formatTable(table)).toBe(['NAME             READY', 'web-0            1/1', 'web-0123456789   0/1'].join('\n'));
  });

  it('shows wide columns, cut at their first line', () => {
    expect(formatTable(table, { wide: true })).toBe(
      ['NAME             READY   NODE', 'web-0            1/1     node-1', 'web-0123456789   0/1     node-2...'].join('\n'),
    );
  });

  it('leaves out headers and puts namespaces first', () => {
    expect(formatTable(table, { noHeaders: true, withNamespace: true })).toBe(['a     web-0            1/1', 'bb    web-0123456789   0/1'].join('\n'));
  });
});
