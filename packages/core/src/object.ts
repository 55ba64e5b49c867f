/**
 * The shape that every Kubernetes object shares. Objects are plain, deeply read-only JSON data: a changed object is a new value, an unchanged
 * part keeps its identity.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go
 */
export interface KubernetesObject {
  /** `group/version`, or only `version` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: NamedObjectMeta;
}

/** A reference from a dependent object to the object that owns it. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Which manager owns which fields, as server-side apply records it. */
export interface ManagedFieldsEntry {
  readonly apiVersion?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: JsonObject;
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
}

/** Metadata of an object or of a template for objects. */
export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  /** RFC 3339, whole seconds, UTC. */
  readonly creationTimestamp?: string;
  /** RFC 3339. Present once deletion was asked for; the object goes when the last finalizer is removed and the grace period is over. */
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
  readonly selfLink?: string;
}

/** Metadata of an object that exists: it has a name. */
export interface NamedObjectMeta extends ObjectMeta {
  readonly name: string;
}

/** Metadata of a list. */
export interface ListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A condition as `meta/v1.Condition` and the older per-kind conditions have it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown' | (string & {});
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339. When `status` last changed. */
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Names one object of a known kind: `"name"`, `"namespace/name"`, its parts, or the object itself. */
export type ObjectKey = string | { readonly namespace?: string | undefined; readonly name: string } | { readonly metadata: NamedObjectMeta };

/** Carries, at compile time only, what may be written where it differs from what is read: fields with a default are optional. */
declare const writable: unique symbol;

/** A part of the object types that {@link defineKind} makes; `I` is the type of the fields as they may be written. */
export interface WritableAs<I> {
  readonly [writable]?: I;
}

/** What may be given where an object is created: kind and apiVersion are known from the {@link Kind}, and `generateName` may stand for the name. */
export type ObjectInput<T extends KubernetesObject> = (Omit<T, 'apiVersion' | 'kind' | 'metadata'> | InputFields<T> | WithoutSpec<T>) & InputEnvelope<T>;

/** A spec that may be empty may be left out, as in a Namespace: the defaults make it. */
type WithoutSpec<T extends KubernetesObject> = T extends { readonly spec: infer S }
  ? Record<never, never> extends S
    ? Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'spec'>
    : never
  : never;

interface InputEnvelope<T extends KubernetesObject> {
  readonly apiVersion?: T['apiVersion'];
  readonly kind?: T['kind'];
  readonly metadata: ObjectMeta;
}

type InputFields<T> = T extends { readonly [writable]?: infer I } ? (unknown extends I ? never : NonNullable<I>) : never;
