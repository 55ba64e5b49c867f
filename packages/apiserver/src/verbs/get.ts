import { isFutureRevision, type StateRecord } from '@kybern/state';
import type { Environment } from '../environment.ts';
import { badRequest, objectNotFound, tooLargeResourceVersion } from '../errors.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type Resource } from '../resource.ts';

/** Reads one object. */
export async function getObject(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const { name = '', options } = request;
  const minimum = options?.resourceVersion ?? '';
  const key = objectKey(resource, request.namespace, name);
  const record = await (minimum === '' ? env.state.get(key) : getAtLeast(env, key, parseResourceVersion(minimum)));
  if (record === undefined) throw objectNotFound(resource.kind, name);
  return { type: 'object', code: 200, object: resource.read(record.value), warnings: NO_WARNINGS, deleted: false };
}

/** @throws {ApiError} `Timeout` when the caller has seen a newer state than this server */
async function getAtLeast(env: Environment, key: string, atLeast: number): Promise<StateRecord | undefined> {
  try {
    return await env.state.get(key, { atLeast });
  } catch (error) {
    if (isFutureRevision(error)) throw tooLargeResourceVersion(error.requested, error.current);
    throw error;
  }
}

/** @throws {ApiError} `BadRequest` */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0;
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(revision)) throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a non-negative whole number`);
  return revision;
}
