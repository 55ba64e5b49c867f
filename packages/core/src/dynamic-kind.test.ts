import { describe, expect, it } from 'vitest';
import { dynamicKind, kindsOfDefinition } from './dynamic-kind.ts';
import { defineKind } from './define-kind.ts';
import { metadataOnly } from './metadata-only.ts';

describe('dynamicKind', () => {
  it('guesses what defineKind would make of the same names', () => {
    const names = { group: 'tools.example.com', version: 'v1', kind: 'Policy' } as const;
    const { model: _, ...defined } = defineKind({ ...names, scope: 'Namespaced' });
    const { model: _model, ...dynamic } = dynamicKind(names);
    expect(dynamic).toEqual(defined);
  });

  it('takes any object for valid', async () => {
    const model = await dynamicKind({ group: '', version: 'v1', kind: 'Thing' }).model();
    expect([model.validate({ a: 1 }), model.unknownFields({ a: 1 })]).toEqual([[], []]);
  });
});

describe('kindsOfDefinition', () => {
  it('gives a kind for each served version, the stored one first', () => {
    const kinds = kindsOfDefinition({
      spec: {
        group: 'tools.example.com',
        scope: 'Cluster',
        names: { kind: 'Site', plural: 'sites', shortNames: ['st'] },
        versions: [
          { name: 'v1alpha1', served: false },
          { name: 'v1beta1', served: true },
          { name: 'v1', served: true, storage: true, subresources: { status: {}, scale: {} } },
        ],
      },
    });
    expect(kinds.map(({ version, scope, plural, subresources }) => [version, scope, plural, subresources.map(({ name }) => name)])).toEqual([
      ['v1', 'Cluster', 'sites', ['status', 'scale']],
      ['v1beta1', 'Cluster', 'sites', []],
    ]);
  });
});

describe('metadataOnly', () => {
  it('is the same kind with another view, and itself the second time', () => {
    const kind = dynamicKind({ group: 'tools.example.com', version: 'v1', kind: 'Site' });
    const partial = metadataOnly(kind);
    expect(partial).toEqual({ ...kind, view: 'metadata' });
    expect(metadataOnly(partial)).toBe(partial);
  });
});
