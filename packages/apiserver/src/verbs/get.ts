import type { Environment } from '../environment.ts';
import { badRequest, objectNotFound, tooLargeResourceVersion } from '../errors.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type Resource } from '../resource.ts';

/** Reads one object. */
export async function getObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const { name = '', options } = request;
  const minimum = options?.resourceVersion;
  if (minimum !== undefined) checkFreshness(env, minimum);
  const record = await env.state.get(objectKey(resource, request.namespace, name));
  if (record === undefined) throw objectNotFound(resource.kind, name);
  return { type: 'object', code: 200, object: resource.read(record.value), warnings: NO_WARNINGS, deleted: false };
}

/** @throws {ApiError} `Timeout` when the caller has seen a newer state than this server */
export function checkFreshness(env: Environment, resourceVersion: string): void {
  const revision = parseResourceVersion(resourceVersion);
  if (revision > env.state.revision) throw tooLargeResourceVersion(revision, env.state.revision);
}

/** @throws {ApiError} `BadRequest` */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0;
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(revision)) throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a non-negative whole number`);
  return revision;
}
