import { deepFreeze, formatLabelSelector, isJsonObject, type JsonObject, type KubernetesObject, type LabelSelector, type MutableJson } from '@kybern/core';
import type { Environment } from '../environment.ts';
import { badRequest, noSuchResource, objectNotFound } from '../errors.ts';
import { staleWrite } from '../commit.ts';
import { customScaleShape, type ScaleShape } from '../customresources/scale-shape.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { hasSubresource, objectKey, type Resource } from '../resource.ts';
import { invalidValue } from '../validation/field-errors.ts';
import { assertValid } from '../prepare.ts';
import { applyPatch } from '../verbs/apply.ts';
import { patcher } from '../verbs/patch.ts';
import { applyUpdate } from '../verbs/update.ts';

/** `autoscaling/v1` Scale: how many replicas something wants and has. */
export interface Scale extends KubernetesObject {
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number; readonly selector?: string };
}

/** Serves `scale`: reads it, or writes `spec.replicas` through it. @see kubernetes v1.36 pkg/registry/apps/deployment/storage/storage.go (ScaleREST) */
export async function serveScale(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  if (!hasSubresource(resource.kind, 'scale')) throw noSuchResource();
  if (request.verb === 'get') return readScale(env, resource, request);
  const shape = shapeOf(resource);
  const rules = resource.updateRules(undefined);
  const answer =
    request.patchType === 'apply'
      ? await applyPatch(env, resource, { ...request, body: appliedScale(request, resource) }, rules)
      : await applyUpdate(env, resource, { request, propose: await scaleChange(resource, request), rules });
  return answer.type === 'object' ? { ...answer, object: scaleOf(answer.object, shape) } : answer;
}

async function readScale(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const record = await env.state.get(objectKey(resource, request.namespace, request.name ?? ''));
  if (record === undefined) throw objectNotFound(resource.kind, request.name ?? '');
  return { type: 'object', code: 200, object: scaleOf(resource.read(record.value), shapeOf(resource)), warnings: NO_WARNINGS, deleted: false };
}

/** What the apply of a Scale is to the object that is scaled. */
function appliedScale({ body, name }: ApiRequest, resource: Resource): object {
  const { apiVersion, kind } = resource;
  if (!isJsonObject(body)) throw badRequest('the body of the request is not a Scale');
  if (body['apiVersion'] !== undefined && body['apiVersion'] !== 'autoscaling/v1')
    throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${String(body['apiVersion'])}, expected: autoscaling/v1`);
  const { metadata, spec } = body as MutableJson;
  if (metadata?.name !== undefined && metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name ?? ''})`);
  const replicas: unknown = spec?.replicas;
  if (replicas !== undefined && (typeof replicas !== 'number' || !Number.isInteger(replicas))) throw badRequest('spec.replicas of a Scale is a whole number');
  const scaled = { apiVersion, kind: kind.kind, metadata: { name }, spec: {} };
  return replicas === undefined ? scaled : shapeOf(resource).withReplicas(scaled, replicas);
}

/** The function that makes the new object from the old one. */
async function scaleChange(resource: Resource, request: ApiRequest): Promise<(old: KubernetesObject) => unknown> {
  const { schema } = resource.model ?? (await resource.loadModel());
  // A scale has no lists, so that a strategic merge is a plain merge; the kind's own schema must not guide it.
  const patch =
    request.verb === 'patch' ? patcher(resource, request.patchType === 'strategic' ? { ...request, patchType: 'merge' } : request, { schema }) : undefined;
  const shape = shapeOf(resource);
  return (old) => {
    const scale = (patch === undefined ? request.body : patch(scaleOf(old, shape))) as MutableJson;
    const replicas = checkScale(scale, old, { resource });
    return shape.withReplicas(old, replicas);
  };
}

function checkScale(scale: MutableJson, old: KubernetesObject, { resource }: { resource: Resource }): number {
  if (typeof scale !== 'object' || scale === null) throw badRequest('the body of the request is not a Scale');
  const { name, resourceVersion } = (scale.metadata ?? {}) as { name?: string; resourceVersion?: string };
  if (name !== undefined && name !== old.metadata.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${old.metadata.name})`);
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion)
    throw staleWrite(resource, old.metadata.name);
  const replicas: unknown = scale.spec?.replicas ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) throw badRequest('spec.replicas of a Scale is a whole number');
  if (replicas < 0)
    assertValid({ ...resource, kind: { ...resource.kind, group: 'autoscaling', kind: 'Scale' } }, old.metadata.name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  return replicas;
}

const BUILTIN: ScaleShape = {
  wanted: (object) => (object as MutableJson).spec?.replicas,
  present: (object) => (object as MutableJson).status?.replicas,
  selector: (object) => selectorText((object as MutableJson).spec?.selector, (object as KubernetesObject).kind),
  withReplicas: (object, replicas) => ({ ...(object as MutableJson), spec: { ...((object as MutableJson).spec as JsonObject), replicas } }),
};

function shapeOf({ definition }: Resource): ScaleShape {
  const scale = definition?.version.subresources?.scale;
  return scale === undefined ? BUILTIN : customScaleShape(scale);
}

/** The Scale of an object that has replicas. @param shape default: that of the built-in kinds */
export function scaleOf(object: KubernetesObject, shape: ScaleShape = BUILTIN): Scale {
  const { metadata } = object as MutableJson;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const [wanted, present, selector] = [shape.wanted(object), shape.present(object), shape.selector(object)];
  return deepFreeze({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: typeof wanted === 'number' ? { replicas: wanted } : {},
    status: { replicas: typeof present === 'number' ? present : 0, ...(selector === undefined ? {} : { selector }) },
  }) as Scale;
}

function selectorText(selector: unknown, kind: string): string | undefined {
  if (typeof selector !== 'object' || selector === null) return undefined;
  return formatLabelSelector(kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : (selector as LabelSelector));
}
