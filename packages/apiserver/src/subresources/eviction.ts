import {
  ApiError,
  compileLabelSelector,
  condition,
  formatTime,
  isConditionTrue,
  isConflict,
  type Kind,
  type KubernetesObject,
  type MutableJson,
} from '@kybern/core';
import { PodDisruptionBudget, type Pod } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import type { Environment } from '../environment.ts';
import { badRequest, internalError, noSuchResource, objectNotFound } from '../errors.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse, type RequestOptions } from '../request.ts';
import { listPrefix, objectKey, type Resource } from '../resource.ts';
import { successStatus } from '../success-status.ts';
import { deleteObject } from '../verbs/delete.ts';
import { applyUpdate } from '../verbs/update.ts';

/** How often it begins again when the budget or the Pod changes meanwhile. */
const MAX_ATTEMPTS = 5;
/** Pods that were allowed to go and that the budget's controller has not seen go yet. @see kubernetes v1.36 …/eviction.go (MaxDisruptedPodSize) */
const MAX_DISRUPTED_PODS = 2000;
const RETRY_SECONDS = 10;

/** An Eviction, as far as it is read. */
interface Eviction {
  readonly metadata?: { readonly name?: string };
  readonly deleteOptions?: RequestOptions;
}

/** Serves `pods/eviction`: a delete that disruption budgets must allow. @see kubernetes v1.36 pkg/registry/core/pod/storage/eviction.go */
export async function serveEviction(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  if (request.verb !== 'create' || resource.kind.plural !== 'pods') throw noSuchResource();
  const { metadata, deleteOptions } = (request.body ?? {}) as Eviction;
  if (metadata?.name !== undefined && metadata.name !== request.name) throw badRequest('name in URL does not match name in Eviction object');
  const options = { ...deleteOptions, ...(request.options?.dryRun === true ? { dryRun: true } : {}) };
  for (let attempt = 1; ; attempt++) {
    try {
      await evict(env, resource, { ...request, verb: 'delete', subresource: undefined, options });
      return { type: 'object', code: 201, object: successStatus(201), warnings: NO_WARNINGS, deleted: false };
    } catch (error) {
      if (!isConflict(error) || attempt >= MAX_ATTEMPTS || options.preconditions?.resourceVersion !== undefined) throw error;
    }
  }
}

async function evict(env: Environment, resource: Resource, request: ApiRequest): Promise<void> {
  const record = await env.state.get(objectKey(resource, request.namespace, request.name ?? ''));
  if (record === undefined) throw objectNotFound(resource.kind, request.name ?? '');
  const pod = record.value as unknown as Pod;
  let bound = false;
  if (!isBeyondBudgets(pod)) bound = await spendBudget(env, pod, request);
  else bound = pod.status?.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined;
  // Where the decision rests on the state of the Pod, it must be that state that is deleted.
  const preconditions = bound ? { resourceVersion: pod.metadata.resourceVersion, ...request.options?.preconditions } : request.options?.preconditions;
  await deleteObject(env, resource, { ...request, options: { ...request.options, preconditions } });
}

/** Pods that have ended, have not begun or are going anyway are not protected. */
function isBeyondBudgets({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed' || status?.phase === 'Pending';
}

/** Takes one disruption from the Pod's budget. @returns whether it was let go only because it is not healthy */
async function spendBudget(env: Environment, pod: Pod, request: ApiRequest): Promise<boolean> {
  const budgets = await budgetsOf(env, pod);
  const [budget] = budgets;
  if (budget === undefined) return false;
  if (budgets.length > 1) throw internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  if (!isConditionTrue(pod, 'Ready')) {
    const enough = currentHealthy >= desiredHealthy && desiredHealthy > 0;
    if (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || enough) return true;
  }
  const resource = env.resource(PodDisruptionBudget as Kind);
  const { namespace, name } = budget.metadata;
  const rules = { strategy: undefined, reserves: false, prepare: () => undefined, validate: () => undefined };
  const update: ApiRequest = { ...request, verb: 'patch', kind: resource.kind, namespace, name, options: { dryRun: request.options?.dryRun } };
  await applyUpdate(env, resource, {
    request: update,
    rules,
    entry: () => ({ type: 'system' }),
    propose: (old) => withOneLess(old, pod.metadata.name, formatTime(env.clock.now())),
  });
  return false;
}

async function budgetsOf(env: Environment, pod: Pod): Promise<PodDisruptionBudget[]> {
  const { records } = await env.state.range(listPrefix(env.resource(PodDisruptionBudget as Kind), pod.metadata.namespace));
  return records
    .map(({ value }) => value as unknown as PodDisruptionBudget)
    .filter(({ spec }) => spec.selector !== undefined && compileLabelSelector(spec.selector)(pod.metadata.labels));
}

function withOneLess(object: KubernetesObject, podName: string, now: string): MutableJson {
  const { metadata, status = {} } = object as unknown as PodDisruptionBudget;
  const { disruptionsAllowed = 0, disruptedPods = {}, desiredHealthy = 0, currentHealthy = 0, observedGeneration = 0 } = status;
  const budget = { kind: { ...PodDisruptionBudget, plural: 'poddisruptionbudget' } as Kind, name: metadata.name };
  if (observedGeneration < (metadata.generation ?? 0))
    throw tooManyRequests(`The disruption budget ${metadata.name} is still being processed by the server.`, RETRY_SECONDS);
  if (disruptionsAllowed < 0) throw forbidden(budget, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS)
    throw forbidden(budget, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed === 0)
    throw tooManyRequests(`The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`, 0);
  const next: MutableJson = {
    ...object,
    status: {
      ...status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [podName]: now },
      conditions: (status.conditions ?? []).map((each) => ({ ...each })),
    },
  };
  if (disruptionsAllowed === 1) {
    condition(next, 'DisruptionAllowed', false, {
      reason: 'InsufficientPods',
      ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    });
    for (const each of next.status.conditions) each.lastTransitionTime ??= now;
  }
  return next;
}

function tooManyRequests(why: string, retryAfterSeconds: number): ApiError {
  return new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    details: { causes: [{ reason: 'DisruptionBudget', message: why }], ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }) },
  });
}
