import { cloneJson, conflict, formatTime, parseTime, type KubernetesObject, type MutableJson } from '@kybern/core';
import type { StateRecord } from '@kybern/state';
import { runMutating, runValidating, type AdmissionAttributes } from '../admission/admission.ts';
import { commitReplace, staleWrite } from '../commit.ts';
import type { Environment } from '../environment.ts';
import { objectNotFound } from '../errors.ts';
import { carryLedger } from '../managed-fields/ledger.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse, type RequestOptions } from '../request.ts';
import { objectKey, type Resource } from '../resource.ts';
import { shareUnchanged } from '../share.ts';
import { writeContext, type WriteContext } from '../strategy.ts';

/** How often a delete begins again when somebody wrote meanwhile. Kubernetes does not stop; this only ends what can never succeed. */
const MAX_ATTEMPTS = 1000;
const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** What a delete comes to for one object: nothing to do, mark it, or remove it. */
export type DeletionPlan = { readonly type: 'keep' } | { readonly type: 'mark'; readonly object: KubernetesObject } | { readonly type: 'remove' };

/** Deletes one object: at once, or by marking it when finalizers or a grace period hold it. */
export async function deleteObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const { name = '', options = {} } = request;
  const key = objectKey(resource, request.namespace, name);
  const warnings: string[] = [];
  for (let attempt = 1; ; attempt++) {
    const record = await env.state.get(key);
    if (record === undefined) throw objectNotFound(resource.kind, name);
    checkPreconditions(record.value, resource, options);
    const context = writeContext(env, resource, { request, warnings });
    await admitDelete(record.value, context);
    const plan = planDeletion(record.value, context);
    const result = await applyDeletion(plan, record, context);
    if (result !== undefined)
      return { type: 'object', code: 200, object: result, warnings: warnings.length === 0 ? NO_WARNINGS : warnings, deleted: plan.type === 'remove' };
    if (options.preconditions?.resourceVersion !== undefined || attempt >= MAX_ATTEMPTS) throw staleWrite(resource, name);
  }
}

/** @returns undefined when somebody else wrote first */
async function applyDeletion(plan: DeletionPlan, record: StateRecord, { env, resource, request }: WriteContext): Promise<KubernetesObject | undefined> {
  if (plan.type === 'keep') return resource.read(record.value);
  const dryRun = request.options?.dryRun === true;
  const result = await commitReplace(env, record, { object: plan.type === 'mark' ? plan.object : undefined, prefix: resource.prefix, dryRun });
  if (result.lost) return undefined;
  if (plan.type === 'remove' && !dryRun) resource.strategy.afterDelete?.(record.value, env);
  return resource.read(result.object);
}

/**
 * Decides what a delete does to an object.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go (BeforeDelete) and …/generic/registry/store.go (updateForGracefulDeletionAndFinalizers)
 */
export function planDeletion(object: KubernetesObject, context: WriteContext): DeletionPlan {
  const { resource, request, nowMs } = context;
  const options = request.options ?? {};
  const graceful = planGrace(object, resource, { nowMs, requested: options.gracePeriodSeconds });
  if (graceful === 'pending') return { type: 'keep' };
  const finalizers = collectorFinalizers(object, options.propagationPolicy);
  const held = finalizers.length > 0 || resource.strategy.isHeld?.(object) === true;
  if (!held && (graceful === undefined || graceful.gracePeriodSeconds === 0)) return { type: 'remove' };
  const draft = cloneJson(object) as MutableJson;
  const { metadata } = draft;
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  if (metadata.deletionTimestamp === undefined && typeof metadata.generation === 'number') metadata.generation += 1;
  if (graceful !== undefined) {
    metadata.deletionTimestamp = graceful.deletionTimestamp;
    metadata.deletionGracePeriodSeconds = graceful.gracePeriodSeconds;
  } else {
    metadata.deletionTimestamp ??= formatTime(nowMs);
    metadata.deletionGracePeriodSeconds ??= 0;
  }
  resource.strategy.prepareForDelete?.(draft, context);
  const marked = shareUnchanged(object, draft) as KubernetesObject;
  return marked === object ? { type: 'keep' } : { type: 'mark', object: carryLedger(marked, object) };
}

interface Grace {
  readonly deletionTimestamp: string;
  readonly gracePeriodSeconds: number;
}

/** @returns `pending` when a graceful deletion is under way that this request does not shorten; undefined when there is no grace */
function planGrace(
  object: KubernetesObject,
  resource: Resource,
  { nowMs, requested }: { nowMs: number; requested: number | undefined },
): Grace | 'pending' | undefined {
  const { strategy } = resource;
  if (strategy.gracePeriodSeconds === undefined) return undefined;
  const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
  if (deletionTimestamp === undefined) {
    const gracePeriodSeconds = strategy.gracePeriodSeconds(object, requested);
    return { deletionTimestamp: formatTime(nowMs + gracePeriodSeconds * 1000), gracePeriodSeconds };
  }
  if (deletionGracePeriodSeconds === undefined || deletionGracePeriodSeconds === 0) return undefined;
  if (requested === undefined || requested >= deletionGracePeriodSeconds) return 'pending';
  const period = Math.max(0, requested);
  return { deletionTimestamp: formatTime(parseTime(deletionTimestamp) + (period - deletionGracePeriodSeconds) * 1000), gracePeriodSeconds: period };
}

/** The finalizers that the garbage collector acts on, as the propagation policy asks. @see kubernetes v1.36 …/store.go (deletionFinalizersForGarbageCollection) */
function collectorFinalizers(object: KubernetesObject, policy: RequestOptions['propagationPolicy']): readonly string[] {
  const present = object.metadata.finalizers ?? [];
  if (policy === undefined) return present;
  const others = present.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  if (policy === 'Orphan') return [...others, ORPHAN];
  if (policy === 'Foreground') return [...others, FOREGROUND];
  return others;
}

function checkPreconditions({ metadata }: KubernetesObject, { kind }: Resource, { preconditions }: RequestOptions): void {
  if (preconditions === undefined) return;
  const { uid, resourceVersion } = preconditions;
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(kind, metadata.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ''}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion ?? ''}`,
    );
  }
}

async function admitDelete(object: KubernetesObject, context: WriteContext): Promise<void> {
  const { env, resource, request, warnings } = context;
  const chain = resource.admission('DELETE', undefined);
  if (chain.mutating.length === 0 && chain.validating.length === 0) return;
  const attributes: AdmissionAttributes = {
    operation: 'DELETE',
    kind: resource.kind,
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    subresource: undefined,
    object: undefined,
    oldObject: object,
    user: request.user,
    dryRun: request.options?.dryRun === true,
    env,
    warnings,
  };
  await runMutating(chain, attributes);
  await runValidating(chain, attributes);
}
