import type { FieldError, KubernetesObject, MutableJson } from '@kybern/core';
import type { Manager } from '@kybern/core/server-side-apply';
import type { Environment } from './environment.ts';
import type { Resource } from './resource.ts';
import type { ApiRequest } from './request.ts';

/** One write on its way through the stages. */
export interface WriteContext {
  readonly env: Environment;
  readonly resource: Resource;
  readonly request: ApiRequest;
  /** The server's time at the start of the write, ms since the Unix epoch. */
  readonly nowMs: number;
  /** The same as Kubernetes writes times. */
  readonly now: string;
  /** Texts for `Warning` headers; stages add to it. */
  readonly warnings: string[];
  /** Who owns what of the object that this write creates, when an apply creates it. */
  readonly appliedBy?: readonly Manager[];
}

/** Begins a write. */
export function writeContext(env: Environment, resource: Resource, { request, warnings }: Pick<WriteContext, 'request' | 'warnings'>): WriteContext {
  const nowMs = env.clock.now();
  return { env, resource, request, nowMs, now: env.formatTime(nowMs), warnings };
}

/** Undoes what {@link Strategy.begin} reserved, when the write does not happen; or gives back what it replaced, when it does. */
export interface Reservation {
  /** The write is stored. */
  commit(): void;
  /** The write failed or was a dry run. */
  rollback(): void;
}

/** How the name of an object is checked. @returns what is wrong with it, as sentences */
export type NameRule = (name: string, isPrefix: boolean) => readonly string[];

/** Reads one selectable field, as text; `""` when it is not set. */
export type FieldReader = (object: MutableJson) => string;

/**
 * What is special about one kind. Everything is optional: a kind without a strategy of its own is created, changed and deleted by the general rules.
 *
 * `object` is always the private, unfrozen copy on its way into the store; `old` is frozen.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/rest (RESTCreateStrategy, RESTUpdateStrategy)
 */
export interface Strategy {
  /** Objects have a `metadata.generation` that counts changes of `spec`. */
  readonly generation?: boolean;
  /** Whether the change from `old` to `object` counts. Default: anything outside `metadata` and `status` differs. */
  generationChanged?(object: MutableJson, old: MutableJson): boolean;
  /** Default: a DNS subdomain. */
  readonly nameRule?: NameRule;
  /** An update without `metadata.resourceVersion` is allowed. Default true. */
  readonly unconditionalUpdate?: boolean;
  /** An update of an object that does not exist creates it. Default false. */
  readonly createOnUpdate?: boolean;
  /** A create may set `status`. Default false for kinds with a status subresource. */
  readonly statusOnCreate?: boolean;
  /** Fields for field selectors besides `metadata.name` and `metadata.namespace`. */
  readonly selectableFields?: Readonly<Record<string, FieldReader>>;
  /** Selectable fields by which watchers are indexed, so that a watcher of one value costs nothing for events of others. */
  readonly indexedFields?: readonly string[];
  /** Normalises a new object before it is validated: initial status and the like. */
  prepareForCreate?(object: MutableJson, context: WriteContext): void;
  /** Normalises a changed object before it is validated. */
  prepareForUpdate?(object: MutableJson, old: MutableJson, context: WriteContext): void;
  /** May this user write this object? After the mutating part of admission. `old` is undefined on create. @throws {ApiError} `Forbidden` */
  check?(object: MutableJson, old: MutableJson | undefined, context: WriteContext): void | Promise<void>;
  /** Reserves what must be unique in the cluster (addresses, ports) and writes it into `object`. `old` is undefined on create. */
  begin?(object: MutableJson, old: MutableJson | undefined, context: WriteContext): Reservation | undefined;
  /** What is wrong beyond the schema; on create and on update. */
  validate?(object: MutableJson, errors: FieldError[]): void;
  /** What must not change. */
  validateUpdate?(object: MutableJson, old: MutableJson, errors: FieldError[]): void;
  /** Sentences about legal but doubtful content, for `Warning` headers. */
  warningsOnCreate?(object: MutableJson): readonly string[];
  /** An update of the status subresource, after everything but `status` was put back. */
  prepareForStatusUpdate?(object: MutableJson, old: MutableJson, context: WriteContext): void;
  validateStatusUpdate?(object: MutableJson, old: MutableJson, errors: FieldError[]): void;
  /** A status update may also change labels and annotations. Default true for built-in kinds. */
  readonly statusUpdatesMetadata?: boolean;
  /**
   * Seconds until an object that is to be deleted may go, when the kind supports graceful deletion. Without this function deletion is immediate.
   *
   * @param requested what the caller asked for
   */
  gracePeriodSeconds?(object: KubernetesObject, requested: number | undefined): number;
  /** Marks `object` (a private copy) as being deleted, beyond `metadata`. */
  prepareForDelete?(object: MutableJson, context: WriteContext): void;
  /** Something besides `metadata.finalizers` keeps an object that is being deleted: a namespace's `spec.finalizers`. */
  isHeld?(object: KubernetesObject): boolean;
  /** For kinds that are questions: nothing is stored, the answer is what a create gives back. `object` is valid. */
  answer?(object: MutableJson, context: WriteContext): MutableJson | Promise<MutableJson>;
  /** The object left the store. */
  afterDelete?(object: KubernetesObject, env: Environment): void;
}
