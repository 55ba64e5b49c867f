import { guessPlural } from './internal/guess-plural.ts';
import type { KindModel } from './kind-model.ts';
import type { Kind, Subresource } from './kind.ts';
import type { KubernetesObject } from './object.ts';

/** An object of a kind that nobody has types for: its fields are unknown to the compiler. */
export interface DynamicObject extends KubernetesObject {
  readonly [field: string]: unknown;
}

/** What {@link dynamicKind} takes; all but the first three has a default. */
export interface DynamicKindOptions {
  /** `""` is the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Default: as Kubernetes guesses it from the kind: `sites`, `policies`, `addresses`. */
  readonly plural?: string;
  /** Default `Namespaced`. */
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly listKind?: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default: all of them. */
  readonly verbs?: readonly string[];
  readonly subresources?: readonly Subresource[];
}

const VERBS: readonly string[] = Object.freeze(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);
const SUBRESOURCE_VERBS: readonly string[] = Object.freeze(['get', 'patch', 'update']);
const NONE: readonly never[] = Object.freeze([]);

/** Knows nothing of the fields: every object is valid, nothing has a default. The server that serves the kind checks. */
const OPEN_MODEL: KindModel = Object.freeze({
  schema: Object.freeze({ type: 'object' as const, preserveUnknownFields: true }),
  validate: () => NONE,
  unknownFields: () => NONE,
  setDefaults: () => undefined,
});

/**
 * A kind that is known by its name alone, as it was read from a configuration, an owner reference or a server's discovery. Informers, controllers and clients take it as any other.
 *
 * @example const Site = dynamicKind({ group: 'tools.example.com', version: 'v1', kind: 'Site' });
 * @see kubernetes v1.36 staging/src/k8s.io/client-go/dynamic/interface.go (Interface)
 */
export function dynamicKind<T extends KubernetesObject = DynamicObject>(options: DynamicKindOptions): Kind<T> {
  const { group, version, kind } = options;
  const singular = options.singular ?? kind.toLowerCase();
  return Object.freeze({
    group,
    version,
    kind,
    listKind: options.listKind ?? `${kind}List`,
    plural: options.plural ?? guessPlural(kind.toLowerCase()),
    singular,
    shortNames: Object.freeze([...(options.shortNames ?? NONE)]),
    categories: Object.freeze([...(options.categories ?? NONE)]),
    scope: options.scope ?? 'Namespaced',
    verbs: options.verbs === undefined ? VERBS : Object.freeze([...options.verbs]),
    subresources: options.subresources === undefined ? NONE : Object.freeze([...options.subresources]),
    model: async () => OPEN_MODEL,
  });
}

/** The part of a CustomResourceDefinition that says which kinds it makes. */
export interface DefinedKinds {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly listKind?: string;
      readonly singular?: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage?: boolean;
      readonly subresources?: { readonly status?: object; readonly scale?: object };
    }[];
  };
}

/**
 * The kinds that a CustomResourceDefinition makes: one for each version that is served, the one that is stored first. An informer of CustomResourceDefinitions
 * and this function are all that it takes to work with kinds that come and go.
 */
export function kindsOfDefinition({ spec }: DefinedKinds): readonly Kind<DynamicObject>[] {
  const { group, names } = spec;
  const scope = spec.scope === 'Cluster' ? 'Cluster' : 'Namespaced';
  const served = spec.versions.filter((version) => version.served);
  return served
    .toSorted((a, b) => Number(b.storage === true) - Number(a.storage === true))
    .map(({ name: version, subresources = {} }) => {
      const status: Subresource = { name: 'status', group, version, kind: names.kind, verbs: SUBRESOURCE_VERBS };
      const scale: Subresource = { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUBRESOURCE_VERBS };
      return dynamicKind({
        ...names,
        group,
        version,
        scope,
        subresources: [...(subresources.status === undefined ? [] : [status]), ...(subresources.scale === undefined ? [] : [scale])],
      });
    });
}
