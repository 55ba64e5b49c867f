import { seededRandom, type MutableJson } from '@kybern/core';
import { builtinKinds } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printTable } from '@kybern/apiserver';
import { randomValue } from './random-object.ts';

describe('the table of any object', () => {
  it.each(builtinKinds.map((kind) => ({ name: `${kind.group}/${kind.kind}`, kind })))('has a cell per column: $name', async ({ kind }) => {
    const { schema, setDefaults } = await kind.model();
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const object: MutableJson = randomValue(random, schema, { faults: 0 });
        setDefaults(object);
        if (kind.kind === 'Pod') object.spec.containers ??= [];
        object.metadata = { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' };
        const table = printTable({ kind, objects: [object], nowMs: Date.UTC(2026, 0, 2) });
        const [row] = table.rows;
        expect(row?.cells).toHaveLength(table.columnDefinitions.length);
        for (const cell of row?.cells ?? []) expect(['string', 'number', 'boolean']).toContain(typeof cell);
        expect(table.columnDefinitions.some(({ name }) => name === 'Name')).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
