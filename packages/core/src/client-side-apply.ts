import { isAlreadyExists, isNotFound } from './api-error.ts';
import type { Client, WriteOptions } from './client.ts';
import { apiVersionOf, type Kind } from './kind.ts';
import type { JsonObject, KubernetesObject, ObjectInput } from './object.ts';
import { createThreeWayPatch } from './three-way-patch.ts';

/** Where `kubectl apply` keeps what it applied last. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** What {@link applyClientSide} applies. */
export interface ClientSideApplyInput<T extends KubernetesObject> {
  readonly kind: Kind<T>;
  readonly object: ObjectInput<T>;
  /** Send a strategic merge patch (built-in kinds) instead of a merge patch (kinds that users define). */
  readonly strategic: boolean;
  readonly options?: WriteOptions;
}

/** What {@link applyClientSide} did. */
export interface ClientSideApplyResult<T extends KubernetesObject> {
  readonly object: T;
  readonly outcome: 'created' | 'configured' | 'unchanged';
}

/**
 * `kubectl apply` without `--server-side`: creates the object, or brings its fields to what the manifest says, removes those that the manifest applied before
 * had and this one has no longer, and leaves alone what others have set.
 *
 * @throws {ApiError} whatever the create or patch is refused with
 * @see kubernetes v1.36 staging/src/k8s.io/kubectl/pkg/cmd/apply/patcher.go
 */
export async function applyClientSide<T extends KubernetesObject>(client: Client, input: ClientSideApplyInput<T>): Promise<ClientSideApplyResult<T>> {
  const { kind, options } = input;
  const object = annotate(kind, input.object);
  const key = { name: object.metadata.name ?? '', namespace: object.metadata.namespace };
  const signal = options?.signal === undefined ? {} : { signal: options.signal };
  for (;;) {
    try {
      const current = await client.get(kind, key, signal);
      return await patchCurrent(client, { ...input, object }, current);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    try {
      return { object: await client.create(kind, object, options), outcome: 'created' };
    } catch (error) {
      // Somebody else created it in between: it is there to be patched now.
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

async function patchCurrent<T extends KubernetesObject>(client: Client, input: ClientSideApplyInput<T>, current: T): Promise<ClientSideApplyResult<T>> {
  const { kind, object } = input;
  const { schema } = await kind.model();
  const patch = createThreeWayPatch({ original: lastApplied(current), modified: object, current }, input.strategic ? schema : {});
  if (Object.keys(patch).length === 0) return { object: current, outcome: 'unchanged' };
  const key = { name: current.metadata.name, namespace: current.metadata.namespace };
  const patched = await client.patch(kind, key, { type: input.strategic ? 'strategic' : 'merge', patch }, input.options);
  return { object: patched, outcome: patched.metadata.resourceVersion === current.metadata.resourceVersion ? 'unchanged' : 'configured' };
}

/** The manifest with itself in its annotation. */
function annotate<T extends KubernetesObject>(kind: Kind<T>, manifest: ObjectInput<T>): ObjectInput<T> {
  const { [LAST_APPLIED_ANNOTATION]: _, ...annotations } = manifest.metadata.annotations ?? {};
  const typed = { ...manifest, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { ...manifest.metadata, annotations } };
  return { ...typed, metadata: { ...typed.metadata, annotations: { ...annotations, [LAST_APPLIED_ANNOTATION]: `${JSON.stringify(typed)}\n` } } };
}

function lastApplied(current: KubernetesObject): JsonObject | undefined {
  const text = current.metadata.annotations?.[LAST_APPLIED_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined; // somebody broke the annotation: apply then removes nothing, as kubectl does without one
  }
}
