import { alreadyExists, conflict, deepFreeze, type KubernetesObject, type MutableJson } from '@kybern/core';
import { isCompareFailed, type StateRecord } from '@kybern/state';
import type { Environment } from './environment.ts';
import type { Resource } from './resource.ts';

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (OptimisticLockErrorMsg) */
export const STALE = 'the object has been modified; please apply your changes to the latest version and try again';

/** What a write of one object came to: the stored object, or that somebody else was first. */
export type WriteResult = { readonly object: KubernetesObject; readonly lost: false } | { readonly lost: true };

/** Stores a new object. @throws {ApiError} `AlreadyExists` */
export async function commitCreate(
  env: Environment,
  resource: Resource,
  write: { key: string; object: MutableJson; dryRun: boolean },
): Promise<KubernetesObject> {
  const { key, object, dryRun } = write;
  const name = object.metadata.name as string;
  if (dryRun) {
    if ((await env.state.get(key)) !== undefined) throw alreadyExists(resource.kind, name);
    return deepFreeze(object as KubernetesObject);
  }
  try {
    const { records } = await env.state.commit([{ key, value: resource.toStored(object as KubernetesObject), expect: 0 }]);
    return resource.read((records[0] as StateRecord).value);
  } catch (error) {
    if (isCompareFailed(error)) throw alreadyExists(resource.kind, name);
    throw error;
  }
}

/** Replaces what `record` holds. Does not throw when the record is no longer the newest: the caller decides whether to begin again. */
export async function commitReplace(
  env: Environment,
  record: StateRecord,
  write: { object: KubernetesObject | undefined; dryRun: boolean },
): Promise<WriteResult> {
  const { object, dryRun } = write;
  if (dryRun) return { object: object === undefined ? record.value : deepFreeze(object), lost: false };
  try {
    const { records, events } = await env.state.commit([{ key: record.key, value: object, expect: record.modRevision }]);
    return { object: records[0]?.value ?? events[0]?.value ?? record.value, lost: false };
  } catch (error) {
    if (isCompareFailed(error)) return { lost: true };
    throw error;
  }
}

/** 409 for a write against an old state. */
export function staleWrite(resource: Resource, name: string): Error {
  return conflict(resource.kind, name, STALE);
}
