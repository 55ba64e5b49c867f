/** One thing that is wrong with an object, as a cause in the `Status` of Kubernetes' 422 answers. */
export interface FieldError {
  /** Kubernetes' field path, such as `spec.containers[0].name` or `metadata.labels[app]`. */
  readonly field: string;
  readonly reason: FieldErrorReason;
  /** A sentence that names the value and what is allowed. */
  readonly message: string;
}

/** @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (CauseType) */
export type FieldErrorReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueDuplicate'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTypeInvalid'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotFound';

/**
 * A structural schema node: what merging, pruning and printing need to know of a value. References are resolved on access, so the graph may
 * be cyclic (JSONSchemaProps) and nodes are shared.
 */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  /** `int-or-string`, `quantity`, `date-time`, `micro-time`, `byte`, `int32`, `int64`, `double`. */
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly default?: unknown;
  /** The values that are allowed, where the set is closed. */
  readonly enum?: readonly unknown[];
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  /** Strategic merge: `merge`, `replace`, `retainKeys`, `merge,retainKeys`. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  /** A JSON null is a value here; elsewhere it means that the field is not set. */
  readonly nullable?: boolean;
  /** Fields that the schema does not name are kept and not reported. */
  readonly preserveUnknownFields?: boolean;
  /**
   * The type that this is, where it has a name of its own in OpenAPI: `schema` is the type's node, from which this one may differ in what is said
   * only here (a patch strategy, say).
   */
  readonly named?: { readonly name: string; readonly schema: Schema };
}

/** JSON data that its holder may change: a private copy on its way into the store. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any JSON shape, reached by path
export type MutableJson = any;

/** What the API machinery knows of one kind: loaded when first needed, then shared. */
export interface KindModel {
  readonly schema: Schema;
  /** Everything in which `object` departs from the schema; empty when it is valid. Unknown fields are reported by {@link KindModel.unknownFields}. */
  validate(object: unknown): readonly FieldError[];
  /** Paths of fields that the schema does not know, such as `spec.containers[0].imagee`. */
  unknownFields(object: unknown): readonly string[];
  /** Fills in Kubernetes' defaults, in place. `object` must be the caller's own, unfrozen copy. Idempotent. */
  setDefaults(object: MutableJson): void;
}
