import type { DefaultsByKind } from '../../defaults/access.ts';
import type { FieldError, KindModel, Schema } from '../../kind-model.ts';
import type { Check } from './checks.ts';
import { toFieldErrors } from './field-errors.ts';
import { schemaNode, type SchemaModule } from './schema-graph.ts';
import { unknownFields } from './unknown-fields.ts';

/** What a generated module of this folder exports. */
export interface ModelModule {
  readonly schemas: SchemaModule;
  /** Kind → validator. */
  readonly validators: Readonly<Record<string, Check>>;
  /** The kinds whose objects always have a `spec`. */
  readonly withSpec: readonly string[];
  readonly defaults: DefaultsByKind;
}

const NO_ERRORS: readonly FieldError[] = Object.freeze([]);

/**
 * Puts the model of one kind together from its generated module.
 *
 * @throws {Error} when the module has no such kind, which is a fault of the generator
 */
export function createModel({ schemas, validators, withSpec, defaults }: ModelModule, kind: string): KindModel {
  const check = validators[kind];
  if (check === undefined) throw new Error(`there is no validator of the kind ${kind}`);
  const ownDefaults = defaults[kind];
  const hasSpec = withSpec.includes(kind);
  let node: Schema | undefined;
  const schema = (): Schema => (node ??= schemaNode(schemas, kind));
  return {
    get schema() {
      return schema();
    },
    validate: (object) => (check(object) ? NO_ERRORS : toFieldErrors(check.errors ?? [])),
    unknownFields: (object) => unknownFields(schema(), object),
    setDefaults(object) {
      if (typeof object !== 'object' || object === null) return;
      if (hasSpec) object.spec ??= {};
      ownDefaults?.(object);
    },
  };
}
