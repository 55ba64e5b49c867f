import type { KubernetesObject, ObjectKey } from './object.ts';
import type { KindModel } from './kind-model.ts';

/** Carries the object type of a {@link Kind} at compile time only. */
declare const objectType: unique symbol;

/** A part of an object with an endpoint of its own, such as `status` or `scale`. */
export interface Subresource {
  readonly name: string;
  /** Group, version and kind of the body. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/**
 * A resource type as a value; its object type travels with it. `Pod` of `@kybern/core/kinds` is both a type and a `Kind<Pod>`.
 *
 * Kinds are frozen constants that are cheap to import: schema, validator and defaults come from {@link Kind.model}, which loads them when they are first needed.
 */
export interface Kind<T extends KubernetesObject = KubernetesObject> {
  /** API group; `""` is the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Set where only a part of each object is asked for: see `metadataOnly`. */
  readonly view?: 'metadata';
  /** Loads what the API machinery knows of this kind. The promise is the same at every call. */
  readonly model: () => Promise<KindModel>;
  readonly [objectType]?: T;
}

/** The object type of a kind: `ObjectOf<typeof Site>`. */
export type ObjectOf<K> = K extends Kind<infer T> ? T : never;

/** `group/version`, or only `version` for the core group. */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `plural.group` as Kubernetes writes it (`deployments.apps`), or only `plural` for the core group. Unique over all kinds of a server. */
export function groupResource(kind: { readonly group: string; readonly plural: string }): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** Splits an `apiVersion` into its group (`""` for core) and version. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? { group: '', version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** An {@link ObjectKey} in its parts. `namespace` is undefined exactly for kinds of Cluster scope. */
export interface NamespacedName {
  readonly namespace: string | undefined;
  readonly name: string;
}

/**
 * Resolves any form of {@link ObjectKey} for one kind. A namespaced kind without a namespace means `default`, as for kubectl.
 *
 * @example toNamespacedName(Pod, 'web/frontend-1') // { namespace: 'web', name: 'frontend-1' }
 */
export function toNamespacedName(kind: { readonly scope: 'Namespaced' | 'Cluster' }, key: ObjectKey): NamespacedName {
  const { namespace, name } = splitKey(key);
  return kind.scope === 'Cluster' ? { namespace: undefined, name } : { namespace: namespace ?? 'default', name };
}

function splitKey(key: ObjectKey): { namespace?: string | undefined; name: string } {
  if (typeof key === 'object') return 'metadata' in key ? key.metadata : key;
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `namespace/name`, or only `name` for objects of Cluster scope: the key under which caches and queues hold an object. */
export function keyOf(object: { readonly metadata: { readonly namespace?: string | undefined; readonly name?: string | undefined } }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? (name ?? '') : `${namespace}/${name ?? ''}`;
}
