import { ApiError, invalid, isApiError } from '@kybern/core';
import { isStateWrite, isStoreClosed } from '@kybern/state';
import { checkAccess } from './authorization.ts';
import type { Environment } from './environment.ts';
import { badRequest, internalError, methodNotAllowed } from './errors.ts';
import { withDeprecation } from './customresources/deprecation.ts';
import { checkOptions } from './options-check.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import type { Resource } from './resource.ts';
import { ClaimTakenError } from './resources/service-claims.ts';
import { createBinding } from './subresources/binding.ts';
import { serveSubresource } from './subresources/index.ts';
import { invalidValue } from './validation/field-errors.ts';
import { createObject } from './verbs/create.ts';
import { deleteCollection } from './verbs/delete-collection.ts';
import { deleteObject } from './verbs/delete.ts';
import { getObject } from './verbs/get.ts';
import { listObjects } from './verbs/list.ts';
import { patchObject } from './verbs/patch.ts';
import { updateObject } from './verbs/update.ts';
import { watchObjects } from './verbs/watch.ts';

/**
 * The one pipeline: authorize, then the verb's own stages.
 *
 * @throws {ApiError} as a rejection, whatever went wrong; the signal's reason when it aborted before the request began
 */
export async function execute(env: Environment, request: ApiRequest): Promise<ApiResponse> {
  request.options?.signal?.throwIfAborted();
  const resource = env.resource(request.kind);
  try {
    const access = checkAccess(env.authorizer, request);
    if (access !== undefined) await access;
    checkOptions(request);
    // What is stored of a kind that came with a definition cannot even be read without its schema.
    if (resource.definition === undefined)
      return await (resource.strategy.begin === undefined ? dispatch(env, resource, request) : claim(env, resource, request));
    if (resource.model === undefined) await resource.loadModel();
    return withDeprecation(resource.definition, await dispatch(env, resource, request));
  } catch (error) {
    throw toApiError(error, env, request);
  }
}

/** How often other servers over the same store may be first to an address or port. */
const CLAIM_ATTEMPTS = 16;

/** Begins again when another server just gave away what this request was to get. */
async function claim(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dispatch(env, resource, request);
    } catch (error) {
      if (!(error instanceof ClaimTakenError)) throw error;
      if (attempt >= CLAIM_ATTEMPTS) {
        const detail = error.claimed.includes('.') || error.claimed.includes(':') ? 'provided IP is already allocated' : 'provided port is already allocated';
        throw invalid(resource.kind, request.name ?? '', [invalidValue('spec', error.claimed, detail)]);
      }
    }
  }
}

function dispatch(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> | ApiResponse {
  const { verb } = request;
  const { kind } = resource;
  if (request.subresource !== undefined) {
    requireName(request);
    return serveSubresource(env, resource, request);
  }
  if (!kind.verbs.includes(verb)) throw methodNotAllowed(verb);
  switch (verb) {
    case 'get':
      return getObject(env, resource, requireName(request));
    case 'list':
      return listObjects(env, resource, request);
    case 'watch':
      return watchObjects(env, resource, request);
    case 'create':
      return kind.kind === 'Binding' && kind.group === '' ? createBinding(env, request) : createObject(env, resource, request);
    case 'update':
      return updateObject(env, resource, requireName(request));
    case 'patch':
      return patchObject(env, resource, requireName(request));
    case 'delete':
      return deleteObject(env, resource, requireName(request));
    case 'deletecollection':
      return deleteCollection(env, resource, request);
  }
}

function requireName(request: ApiRequest): ApiRequest {
  if (request.name === undefined || request.name === '') throw badRequest('name is required');
  return request;
}

/** A fault of ours never leaves as anything but an `InternalError`; what was aborted leaves as it is. */
function toApiError(error: unknown, env: Environment, request: ApiRequest): unknown {
  if (isApiError(error) || error === request.options?.signal?.reason) return error;
  if (isStoreClosed(error)) return new ApiError('ServiceUnavailable', 'the server is shutting down', { cause: error });
  // The store has told its owner already, once.
  if (isStateWrite(error)) return internalError(error.message, error);
  const { verb, kind, namespace, name } = request;
  env.logger.error('request failed', { verb, kind: kind.kind, namespace, name, error: error instanceof Error ? error.stack : String(error) });
  return internalError(error instanceof Error ? error.message : String(error), error);
}
