import type { Kind, KubernetesObject, ObjectList, WatchEvent } from '@kybern/core';
import type { Observable } from 'rxjs';

/** What a request does, in Kubernetes' words. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** Who asks. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The format of a patch document. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** Options of a request: those of all verbs in one, since each verb reads only its own. Names and meanings are those of `@kybern/core`'s `Client`. */
export interface RequestOptions {
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly sendInitialEvents?: boolean | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore' | undefined;
  readonly force?: boolean | undefined;
  readonly managedFields?: boolean | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One request to the API server, whichever door it came through. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly kind: Kind;
  /** Undefined for kinds of Cluster scope, and for all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
  /** The object, or the patch document. Never changed or frozen by the server. */
  readonly body?: unknown;
  readonly patchType?: PatchType | undefined;
  /** Sentences about fields that the text of the body had twice. */
  readonly duplicates?: readonly string[] | undefined;
  readonly options?: RequestOptions | undefined;
  readonly user: UserInfo;
}

/** The answer to a request that succeeded. Objects are deeply frozen and shared with the store. */
export type ApiResponse =
  | {
      readonly type: 'object';
      readonly code: 200 | 201;
      readonly object: KubernetesObject;
      readonly warnings: readonly string[];
      /** The object is gone from the store with this request. */
      readonly deleted: boolean;
    }
  | { readonly type: 'list'; readonly code: 200; readonly list: ObjectList<KubernetesObject>; readonly warnings: readonly string[] }
  /** `events` is cold and ends in an `ApiError`, or completes when the server ends the watch. */
  | { readonly type: 'watch'; readonly code: 200; readonly events: Observable<WatchEvent<KubernetesObject>>; readonly warnings: readonly string[] };

/** What the admission chain and the authorizer see of an object's life. */
export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** The user of the in-process client: may do everything. */
export const SYSTEM_USER: UserInfo = Object.freeze({ username: 'system:apiserver', groups: Object.freeze(['system:masters', 'system:authenticated']) });

/** No warnings: shared by all answers that have none. */
export const NO_WARNINGS: readonly string[] = Object.freeze([]);
