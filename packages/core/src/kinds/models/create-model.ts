import type { KindModel, Schema } from '../../kind-model.ts';
import { schemaNode, type SchemaModule } from './schema-graph.ts';
import { unknownFields } from './unknown-fields.ts';

/** What a generated module of this folder exports. */
export interface ModelModule {
  readonly schemas: SchemaModule;
}

/** Puts the model of one kind together from its generated module. */
export function createModel(module: ModelModule, kind: string): KindModel {
  let node: Schema | undefined;
  const schema = (): Schema => (node ??= schemaNode(module.schemas, kind));
  return {
    get schema() {
      return schema();
    },
    validate: () => [],
    unknownFields: (object) => unknownFields(schema(), object),
    setDefaults: () => undefined,
  };
}
