import type { Schema } from '../kind-model.ts';
import { getOwn } from '../json-data.ts';

/** What strategic merge needs to know of one field. */
export interface PatchMetadata {
  readonly schema: Schema | undefined;
  readonly strategy: 'merge' | 'replace' | undefined;
  readonly retainKeys: boolean;
  readonly mergeKey: string | undefined;
}

const UNKNOWN: PatchMetadata = { schema: undefined, strategy: undefined, retainKeys: false, mergeKey: undefined };

/** The metadata of a field of an object. A field that the schema does not know merges as in a JSON merge patch. */
export function patchMetadata(schema: Schema | undefined, name: string): PatchMetadata {
  const field = (schema?.properties === undefined ? undefined : (getOwn(schema.properties, name) as Schema | undefined)) ?? schema?.additionalProperties;
  if (field === undefined) return UNKNOWN;
  const strategies = field.patchStrategy?.split(',') ?? [];
  return {
    schema: field,
    strategy: strategies.includes('merge') ? 'merge' : strategies.includes('replace') ? 'replace' : undefined,
    retainKeys: strategies.includes('retainKeys'),
    mergeKey: field.patchMergeKey,
  };
}
