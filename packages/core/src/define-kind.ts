import { guessPlural } from './internal/guess-plural.ts';
import { checkDefinition } from './internal/kind-definition-check.ts';
import type { Kind, Subresource } from './kind.ts';
import type { Flat, InferSchema, InferSchemaInput, KindSchema } from './kind-schema.ts';
import type { Condition, KubernetesObject, NamedObjectMeta, WritableAs } from './object.ts';

/** What {@link defineKind} takes. */
export interface KindDefinition {
  /** A DNS name such as `tools.example.com`. */
  readonly group: string;
  /** Such as `v1` or `v1beta1`. */
  readonly version: string;
  /** In camel case, beginning with a capital: `Site`. */
  readonly kind: string;
  readonly scope: 'Namespaced' | 'Cluster';
  /** Default: as Kubernetes guesses it from the kind: `sites`, `policies`, `addresses`. */
  readonly plural?: string;
  /** Default: the kind in lower case. */
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** What is wanted. */
  readonly spec?: KindSchema;
  /** What is observed. It makes the kind have a `status` subresource, and gets `conditions` unless it has them. */
  readonly status?: KindSchema;
  /** Fields beside `spec` and `status`, for kinds that are not about wanting and observing: an object schema. `metadata` is implied. */
  readonly schema?: KindSchema;
}

/** The object type that a definition describes. */
export type DefinedObject<D extends KindDefinition> = KubernetesObject & Flat<DefinedFields<D>> & WritableAs<DefinedInput<D>>;

type DefinedFields<D extends KindDefinition> = Envelope<D> & SpecField<D, 'read'> & StatusField<D> & OtherFields<D, 'read'>;
type DefinedInput<D extends KindDefinition> = Flat<SpecField<D, 'input'> & StatusField<D> & OtherFields<D, 'input'>>;

interface Envelope<D extends KindDefinition> {
  readonly apiVersion: `${D['group']}/${D['version']}`;
  readonly kind: D['kind'];
  readonly metadata: NamedObjectMeta;
}

type Infer<S, M extends 'read' | 'input'> = M extends 'read' ? InferSchema<S> : InferSchemaInput<S>;
type SpecField<D, M extends 'read' | 'input'> = D extends { readonly spec: infer S }
  ? M extends 'read'
    ? { readonly spec: Infer<S, M> }
    : SpecInput<InferSchemaInput<S>>
  : unknown;
/** A spec that may be empty may be left out. */
type SpecInput<S> = Record<never, never> extends S ? { readonly spec?: S } : { readonly spec: S };
type OtherFields<D, M extends 'read' | 'input'> = D extends { readonly schema: infer S } ? Omit<Infer<S, M>, keyof Envelope<KindDefinition>> : unknown;
type StatusField<D> = D extends { readonly status: infer S } ? { readonly status?: WithConditions<InferSchema<S>> } : unknown;
type WithConditions<S> = S extends { readonly conditions?: unknown } ? ('conditions' extends keyof S ? S : Flat<S & Conditions>) : S & Conditions;

interface Conditions {
  readonly conditions?: readonly Condition[];
}

const VERBS: readonly string[] = Object.freeze(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);
const STATUS_VERBS: readonly string[] = Object.freeze(['get', 'patch', 'update']);
const NONE: readonly never[] = Object.freeze([]);

/**
 * Makes a kind of one's own. The type of its objects is inferred from the schemas, and the same schemas validate at run time; the validator is compiled
 * when it is first needed. Objects are `apiVersion`, `kind`, `metadata` and the fields of the definition.
 *
 * @example
 * const Site = defineKind({
 *   group: 'tools.example.com', version: 'v1', kind: 'Site', scope: 'Namespaced',
 *   spec: { type: 'object', required: ['domain'], properties: { domain: { type: 'string' }, replicas: { type: 'integer', default: 1 } } },
 *   status: { type: 'object', properties: { url: { type: 'string' } } },
 * });
 * type Site = ObjectOf<typeof Site>;
 *
 * @throws {ApiError} `Invalid`, with one cause for each thing that is wrong with the definition
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types.go (CustomResourceDefinitionSpec)
 */
export function defineKind<const D extends KindDefinition>(definition: D): Kind<DefinedObject<D>> {
  checkDefinition(definition);
  const { group, version, kind, scope, shortNames = NONE, categories = NONE } = definition;
  const status: Subresource = { name: 'status', group, version, kind, verbs: STATUS_VERBS };
  const singular = definition.singular ?? kind.toLowerCase();
  let model: ReturnType<Kind['model']> | undefined;
  return Object.freeze({
    group,
    version,
    kind,
    listKind: `${kind}List`,
    plural: definition.plural ?? guessPlural(kind.toLowerCase()),
    singular,
    shortNames: Object.freeze([...shortNames]),
    categories: Object.freeze([...categories]),
    scope,
    verbs: VERBS,
    subresources: Object.freeze(definition.status === undefined ? [] : [Object.freeze(status)]),
    model: () => (model ??= import('./internal/defined-model.ts').then((module) => module.createDefinedModel(definition))),
  });
}
