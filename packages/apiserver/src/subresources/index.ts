import type { Environment } from '../environment.ts';
import { methodNotAllowed } from '../errors.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { Resource } from '../resource.ts';
import { getObject } from '../verbs/get.ts';
import { patchObject } from '../verbs/patch.ts';
import { updateObject } from '../verbs/update.ts';
import { serveBinding } from './binding.ts';
import { serveEviction } from './eviction.ts';
import { serveScale } from './scale.ts';
import { serveToken } from './token.ts';

/** Serves a request for a subresource. */
export async function serveSubresource(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  switch (request.subresource) {
    case 'scale':
      return serveScale(env, resource, request);
    case 'binding':
      return serveBinding(env, resource, request);
    case 'eviction':
      return serveEviction(env, resource, request);
    case 'token':
      return resource.kind.plural === 'serviceaccounts' ? serveToken(env, resource, request) : serveObjectPart(env, resource, request);
    default:
      return serveObjectPart(env, resource, request);
  }
}

/** Subresources whose body is the object itself. */
function serveObjectPart(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  resource.updateRules(request.subresource);
  switch (request.verb) {
    case 'get':
      return getObject(env, resource, request);
    case 'update':
      return updateObject(env, resource, request);
    case 'patch':
      return patchObject(env, resource, request);
    default:
      throw methodNotAllowed(request.verb);
  }
}
