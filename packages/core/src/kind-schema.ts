/**
 * A structural schema, as CustomResourceDefinitions have it: what {@link defineKind} makes types, validation and defaults from.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types_jsonschema.go
 */
export interface KindSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  /** `date-time`, `date`, `byte`, `int32`, `int64`, `uuid`, `ipv4`, `ipv6` and `quantity` are checked; others only inform. */
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  /** The value may be null. */
  readonly nullable?: boolean;
  /** Filled in where the field is absent. A field with a default is always there to be read. */
  readonly default?: unknown;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: KindSchemaProperties;
  readonly required?: readonly string[];
  readonly items?: KindSchema;
  /** Of what type the values of a map are. */
  readonly additionalProperties?: KindSchema | true;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: readonly KindSchema[];
  readonly anyOf?: readonly KindSchema[];
  readonly oneOf?: readonly KindSchema[];
  readonly not?: KindSchema;
  /** A number or a text, such as a port or a percentage. Stands in place of `type`. */
  readonly 'x-kubernetes-int-or-string'?: boolean;
  /** Fields that the schema does not name are kept. */
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
}

/** The fields of an object, by name. */
export interface KindSchemaProperties {
  readonly [name: string]: KindSchema;
}

/**
 * The TypeScript type of the values that a schema describes, as they are read: defaults are filled in.
 *
 * @example type Spec = InferSchema<{ type: 'object'; required: ['domain']; properties: { domain: { type: 'string' } } }>; // { readonly domain: string }
 */
export type InferSchema<S> = Infer<S, 'read'>;

/** {@link InferSchema} of what may be written: fields with a default are optional. */
export type InferSchemaInput<S> = Infer<S, 'input'>;

type Mode = 'read' | 'input';
type Infer<S, M extends Mode> = S extends { readonly nullable: true } ? InferValue<S, M> | null : InferValue<S, M>;

type InferValue<S, M extends Mode> = S extends { readonly enum: readonly (infer E)[] }
  ? E
  : S extends { readonly 'x-kubernetes-int-or-string': true }
    ? number | string
    : S extends { readonly type: infer T }
      ? InferType<S, T, M>
      : unknown;

type InferType<S, T, M extends Mode> = T extends 'string'
  ? string
  : T extends 'integer' | 'number'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'array'
        ? readonly InferItem<S, M>[]
        : T extends 'object'
          ? InferObject<S, M>
          : unknown;

type InferItem<S, M extends Mode> = S extends { readonly items: infer I } ? Infer<I, M> : unknown;

/** Maps have values, objects have fields; unknown fields are only there where they are preserved. */
type InferObject<S, M extends Mode> = S extends { readonly additionalProperties: infer V }
  ? Readonly<Record<string, V extends true ? unknown : Infer<V, M>>>
  : S extends { readonly properties: infer P }
    ? Flat<InferFields<P, RequiredKeys<S, P, M>, M>> & (PreservesUnknown<S> extends true ? Readonly<Record<string, unknown>> : unknown)
    : Readonly<Record<string, PreservesUnknown<S> extends true ? unknown : never>>;

type PreservesUnknown<S> = S extends { readonly 'x-kubernetes-preserve-unknown-fields': true } ? true : false;

type InferFields<P, R extends keyof P, M extends Mode> = { readonly [K in R]: Infer<P[K], M> } & { readonly [K in Exclude<keyof P, R>]?: Infer<P[K], M> };

type RequiredKeys<S, P, M extends Mode> = M extends 'read' ? Named<S, P> | Defaulted<P> : Exclude<Named<S, P>, Defaulted<P>>;
type Named<S, P> = S extends { readonly required: readonly (infer R)[] } ? Extract<R, keyof P> : never;
type Defaulted<P> = { [K in keyof P]: P[K] extends { readonly default: unknown } ? K : never }[keyof P];

/** One object type instead of an intersection: what editors show. */
export type Flat<T> = { [K in keyof T]: T[K] };
