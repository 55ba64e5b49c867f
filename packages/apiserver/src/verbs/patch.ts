import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, type JsonObject, type JsonPatchOperation, type KubernetesObject } from '@kybern/core';
import type { Environment } from '../environment.ts';
import { badRequest, unsupportedMediaType } from '../errors.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { LoadedModel, Resource } from '../resource.ts';
import { patchesManagedFields } from '../managed-fields/requested.ts';
import { applyPatch } from './apply.ts';
import { applyUpdate } from './update.ts';

const MEDIA_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** Changes one object, or one of its subresources, by a patch. */
export async function patchObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  if (request.patchType === 'apply') return applyPatch(env, resource, request);
  const model = resource.model ?? (await resource.loadModel());
  const patch = patcher(resource, request, model);
  // Objects are kept without their managedFields; a patch of these has to find them.
  const propose = patchesManagedFields(request) ? (old: KubernetesObject) => patch(env.books.withManagedFields(old)) : patch;
  return applyUpdate(env, resource, { request, propose });
}

/** The function that applies a request's patch. @throws {ApiError} `UnsupportedMediaType`, `BadRequest` */
export function patcher(resource: Resource, request: ApiRequest, model: Pick<LoadedModel, 'schema'>): (old: KubernetesObject) => unknown {
  const { body, patchType } = request;
  switch (patchType) {
    case 'json':
      if (!Array.isArray(body)) throw badRequest('a JSON patch is a list of operations');
      return (old) => applyJsonPatch(old as unknown as JsonObject, body as readonly JsonPatchOperation[]);
    case 'merge':
      return (old) => applyMergePatch(old as unknown as JsonObject, objectBody(body));
    case 'strategic':
      if (resource.custom) throw unsupportedMediaType(acceptedTypes(resource));
      return (old) => applyStrategicMergePatch(old as unknown as JsonObject, objectBody(body), model.schema);
    default:
      throw unsupportedMediaType(acceptedTypes(resource));
  }
}

function acceptedTypes({ custom }: Resource): readonly string[] {
  const { json, merge, strategic, apply } = MEDIA_TYPES;
  return custom ? [json, merge, apply] : [json, merge, strategic, apply];
}

function objectBody(body: unknown): JsonObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the patch is not an object');
  return body as JsonObject;
}
