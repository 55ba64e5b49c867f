import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cloneJson, deepFreeze } from '../json-data.ts';
import { findKind } from './index.ts';

const FOLDER = new URL('../../testdata/golden/', import.meta.url);

interface Golden {
  readonly apiVersion: string;
  readonly kind: string;
}

const goldens = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ name: file.replace('.json', ''), object: deepFreeze(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))) as Golden }));

async function modelOf({ apiVersion, kind }: Golden): ReturnType<NonNullable<ReturnType<typeof findKind>>['model']> {
  const found = findKind(apiVersion, kind);
  if (found === undefined) throw new Error(`there is no kind ${apiVersion} ${kind}`);
  return found.model();
}

// Kubernetes' own objects with every field set. Their strings are dummies, so they are right in everything but closed sets of values.
describe.each(goldens)('$name', ({ object }) => {
  it('has no field that the schema does not know', async () => {
    expect((await modelOf(object)).unknownFields(object)).toEqual([]);
  });

  it('is of the types that the schema asks for', async () => {
    const errors = (await modelOf(object)).validate(object);
    expect(errors.filter((error) => error.reason !== 'FieldValueNotSupported')).toEqual([]);
  });

  // What the defaults do change on purpose: of two fields that mean the same one follows the other.
  const FOLLOWS = /"serviceAccount":"[^"]*"/g;

  it('keeps every field that it has when defaults are filled in, and gets them only once', async () => {
    const { setDefaults } = await modelOf(object);
    const once = cloneJson(object) as Golden;
    setDefaults(once);
    expect(once).toMatchObject(JSON.parse(JSON.stringify(object).replace(FOLLOWS, '"serviceAccount":"serviceAccountNameValue"')) as object);
    const twice = cloneJson(once) as Golden;
    setDefaults(twice);
    expect(twice).toEqual(once);
  });
});

