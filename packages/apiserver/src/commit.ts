import { conflict, deepFreeze, type KubernetesObject } from '@kybern/core';
import { isCompareFailed, type StateRecord } from '@kybern/state';
import type { Environment } from './environment.ts';
import type { Resource } from './resource.ts';

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go (OptimisticLockErrorMsg) */
const STALE = 'the object has been modified; please apply your changes to the latest version and try again';

/** What a write of one object came to: the stored object, or that somebody else was first. */
export type WriteResult =
  | { readonly object: KubernetesObject; readonly lost: false }
  /** `actual` is what is there instead; undefined: nothing, or it is not known. */
  | { readonly lost: true; readonly actual: StateRecord | undefined };

/** Replaces what `record` holds. Does not throw when the record is no longer the newest: the caller decides whether to begin again. */
export async function commitReplace(
  env: Environment,
  record: StateRecord,
  write: { object: KubernetesObject | undefined; prefix: string; dryRun: boolean },
): Promise<WriteResult> {
  const { object, prefix, dryRun } = write;
  if (dryRun) return { object: object === undefined ? record.value : deepFreeze(object), lost: false };
  try {
    const { records, events } = await env.state.commit([{ key: record.key, value: object, expect: record.modRevision }]);
    env.memory.forget(prefix);
    return { object: records[0]?.value ?? events[0]?.value ?? record.value, lost: false };
  } catch (error) {
    if (isCompareFailed(error)) return { lost: true, actual: error.actual };
    throw error;
  }
}

/** 409 for a write against an old state. */
export function staleWrite(resource: Resource, name: string): Error {
  return conflict(resource.kind, name, STALE);
}
