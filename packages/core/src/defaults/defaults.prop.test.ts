import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, deepFreeze } from '../json-data.ts';
import { aggregatedKinds, betaKinds, builtinKinds, findKind } from '../kinds/index.ts';

const FOLDER = new URL('../../testdata/golden/', import.meta.url);
const goldens = readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as { apiVersion: string; kind: string });
const kinds = [...builtinKinds, ...betaKinds, ...aggregatedKinds];

type Fields = Record<string, unknown>;
/** A copy in which each part is kept or left out, as the coins fall. */
function thinned(value: unknown, coin: () => boolean): unknown {
  if (Array.isArray(value)) return value.filter(coin).map((item) => thinned(item, coin));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(coin)
      .map(([key, item]) => [key, thinned(item, coin)]),
  );
}

describe('defaults', () => {
  it('of a part of an object are the same when they are filled in twice, then change nothing, and take nothing away', async () => {
    const models = await Promise.all(goldens.map(async (object) => ({ object, model: await findKind(object.apiVersion, object.kind)?.model() })));
    fc.assert(
      fc.property(fc.constantFrom(...models), fc.infiniteStream(fc.boolean()), ({ object, model }, coins) => {
        const given = deepFreeze(thinned(object, () => coins.next().value === true)) as Fields;
        const once = cloneJson(given) as Fields;
        model?.setDefaults(once);
        const twice = cloneJson(once) as Fields;
        model?.setDefaults(twice);
        expect(twice).toStrictEqual(once);
        // An update takes over the frozen parts of what is stored.
        expect(() => model?.setDefaults(deepFreeze(twice))).not.toThrow();
        expect(model?.unknownFields(once)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('never throw, whatever the object is made of', async () => {
    const models = await Promise.all(kinds.map((kind) => kind.model()));
    const fields = [
      'spec',
      'template',
      'metadata',
      'status',
      'containers',
      'volumes',
      'ports',
      'limits',
      'devices',
      'requests',
      'rules',
      'webhooks',
      'resources',
      'labels',
      'roleRef',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom<unknown>(null, 'x', '', 0, 7, true, '1Gi'),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...fields), tie('tree'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom(...models), tree, (model, object) => {
        model.setDefaults(object);
      }),
      { numRuns: 2000 },
    );
  });
});
