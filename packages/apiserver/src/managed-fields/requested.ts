import { isJsonObject, type ManagedFieldsEntry } from '@kybern/core';
import { isSameOwnership, parseManagedFields, type Manager } from '@kybern/core/server-side-apply';
import type { ApiRequest } from '../request.ts';

/**
 * Who owns what, where a whole object says so itself: a client that moves fields from one manager to another writes them as it wants to have them.
 *
 * @param given `metadata.managedFields` of the object. One empty entry means that nobody owns anything; none, or what makes no sense, that it stays as it is
 * @param now who owns what; undefined: there is no object yet
 * @returns undefined when it stays as it is
 * @see kubernetes v1.36 …/apimachinery/pkg/util/managedfields/internal/fieldmanager.go (decodeLiveOrNew)
 */
export function requestedManagers(given: unknown, now: (() => readonly Manager[]) | undefined): readonly Manager[] | undefined {
  if (!Array.isArray(given) || given.length === 0) return undefined;
  const [first] = given as readonly unknown[];
  if (given.length === 1 && isJsonObject(first) && Object.keys(first).length === 0) return [];
  const managers = tryParse(given as readonly ManagedFieldsEntry[]);
  if (managers === undefined || managers.length === 0) return undefined;
  return now !== undefined && isSameOwnership(managers, now()) ? undefined : managers;
}

/** Kubernetes takes what it cannot read as not given. */
function tryParse(entries: readonly ManagedFieldsEntry[]): readonly Manager[] | undefined {
  try {
    return parseManagedFields(entries);
  } catch {
    return undefined;
  }
}

const PATH = '/metadata/managedFields';

/** Whether a patch is about `metadata.managedFields`, so that it has to find them in the object. */
export function patchesManagedFields({ body, patchType }: ApiRequest): boolean {
  if (patchType !== 'json') return isJsonObject(body) && isJsonObject(body['metadata']) && Object.hasOwn(body['metadata'], 'managedFields');
  return Array.isArray(body) && body.some((operation) => concerns(operation));
}

function concerns(operation: unknown): boolean {
  if (!isJsonObject(operation)) return false;
  const { path, from } = operation as { readonly path?: unknown; readonly from?: unknown };
  return [path, from].some((pointer) => typeof pointer === 'string' && (pointer.startsWith(PATH) || pointer === '' || pointer === '/metadata'));
}
