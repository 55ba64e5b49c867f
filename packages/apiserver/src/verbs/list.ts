import { toObjectList, type KubernetesObject, type ListMeta } from '@kybern/core';
import { isExpiredRevision, isFutureRevision, type RangeResult, type StateRecord } from '@kybern/state';
import { decodeContinue, encodeContinue, NEWEST } from '../continue-token.ts';
import type { Environment } from '../environment.ts';
import { badRequest, expired, tooLargeResourceVersion } from '../errors.ts';

import { NO_WARNINGS, type ApiRequest, type ApiResponse, type RequestOptions } from '../request.ts';
import { listPrefix, objectKey, type Resource } from '../resource.ts';
import { compileSelection, type Selection } from '../selection.ts';
import { parseResourceVersion } from './get.ts';

/** Which part of the state a list reads. */
interface ListWindow {
  /** Undefined: the newest revision. */
  readonly at: number | undefined;
  /** A state that is at least as new will do. */
  readonly atLeast: number | undefined;
  readonly after: string | undefined;
  readonly limit: number | undefined;
}

/** Lists objects: one consistent picture, in the order of namespace and name. */
export async function listObjects(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  const selection = compileSelection(resource, request.options);
  const prefix = listPrefix(resource, request.namespace);
  const window = chooseWindow(prefix, request.options);
  const single = singleKey(resource, request, selection);
  const { items, metadata } =
    single !== undefined && window.after === undefined
      ? await readSingle(env, single, { window, selection, resource })
      : window.limit === undefined
        ? await readAll(env, prefix, { window, selection, resource })
        : await readPage(env, prefix, { window: { ...window, limit: window.limit }, selection, resource });
  return { type: 'list', code: 200, list: toObjectList(resource.kind, items, metadata), warnings: NO_WARNINGS };
}

function chooseWindow(prefix: string, options: RequestOptions | undefined): ListWindow {
  const { resourceVersion = '', resourceVersionMatch: match, limit, continue: token } = options ?? {};
  const pageSize = limit === undefined || limit <= 0 ? undefined : limit;
  if (token !== undefined && token !== '') {
    if (resourceVersion !== '' && resourceVersion !== '0') throw badRequest('specifying resource version is not allowed when using continue');
    const { revision, after } = decodeContinue(token);
    return { at: revision === NEWEST ? undefined : revision, atLeast: undefined, after: prefix + after, limit: pageSize };
  }
  const revision = parseResourceVersion(resourceVersion);
  const exact = match === 'Exact';
  return { at: exact ? revision : undefined, atLeast: exact || resourceVersion === '' ? undefined : revision, after: undefined, limit: pageSize };
}

/** The key of the only object that a list can find, when it selects by `metadata.name`. */
function singleKey(resource: Resource, request: ApiRequest, { fields }: Selection): string | undefined {
  const value = (field: string): string | undefined => fields.find((term) => term.operator === '=' && term.field === field)?.value;
  const name = value('metadata.name');
  if (name === undefined || name === '') return undefined;
  if (!resource.namespaced) return objectKey(resource, undefined, name);
  const namespace = request.namespace ?? value('metadata.namespace');
  return namespace === undefined || namespace === '' ? undefined : objectKey(resource, namespace, name);
}

interface Reading {
  readonly resource: Resource;
  readonly window: ListWindow;
  readonly selection: Selection;
}

interface Found {
  readonly items: readonly KubernetesObject[];
  readonly metadata: ListMeta;
}

async function readSingle(env: Environment, key: string, { window, selection, resource }: Reading): Promise<Found> {
  const { revision, records } = await readRange(env, key, { ...window, limit: 1 });
  const value = records[0]?.key === key ? resource.read(records[0].value) : undefined;
  const items = value !== undefined && selection.matches?.(value) !== false ? [value] : [];
  return { items, metadata: { resourceVersion: String(revision) } };
}

async function readAll(env: Environment, prefix: string, { window, selection, resource }: Reading): Promise<Found> {
  const { revision, records } = await readRange(env, prefix, window);
  return { items: Object.freeze(pick(records, resource, selection)), metadata: { resourceVersion: String(revision) } };
}

function pick(records: readonly StateRecord[], resource: Resource, { matches }: Selection): KubernetesObject[] {
  const items: KubernetesObject[] = [];
  for (const record of records) {
    const value = resource.read(record.value);
    if (matches === undefined || matches(value)) items.push(value);
  }
  return items;
}

/** Reads on until the page is full. With selectors nobody knows how many are left, and Kubernetes does not say. */
async function readPage(
  env: Environment,
  prefix: string,
  { window, selection, resource }: Reading & { readonly window: { readonly limit: number } },
): Promise<Found> {
  const items: KubernetesObject[] = [];
  const { atLeast } = window;
  let { at, after } = window;
  for (;;) {
    const range = await readRange(env, prefix, { at, atLeast, after, limit: window.limit });
    at = range.revision;
    let last: string | undefined;
    let left = range.records.length;
    for (const record of range.records) {
      left -= 1;
      last = record.key;
      const value = resource.read(record.value);
      if (selection.matches === undefined || selection.matches(value)) items.push(value);
      if (items.length === window.limit) break;
    }
    const remaining = range.remaining + left;
    after = last;
    if (remaining === 0 || last === undefined) return { items, metadata: { resourceVersion: String(at) } };
    if (items.length === window.limit)
      return { items, metadata: pageMetadata(at, last.slice(prefix.length), selection.matches === undefined ? remaining : undefined) };
  }
}

function pageMetadata(revision: number, after: string, remaining: number | undefined): ListMeta {
  return {
    resourceVersion: String(revision),
    continue: encodeContinue({ revision, after }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  };
}

/** @throws {ApiError} `Expired`, `Timeout` */
async function readRange(env: Environment, prefix: string, { at, atLeast, after, limit }: ListWindow): Promise<RangeResult> {
  try {
    return await env.state.range(prefix, { at, atLeast, after, limit });
  } catch (error) {
    if (isExpiredRevision(error) && after === undefined) throw expired('The resourceVersion for the provided list is too old.');
    if (isExpiredRevision(error) && after !== undefined)
      throw expired(EXPIRED_CONTINUE, encodeContinue({ revision: NEWEST, after: after.slice(prefix.length) }));
    if (isFutureRevision(error)) throw tooLargeResourceVersion(error.requested, error.current);
    throw error;
  }
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/storage/etcd3/errors.go (inconsistentContinue) */
const EXPIRED_CONTINUE = `The provided continue parameter is too old \
to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now \
may show up in the list.`;
