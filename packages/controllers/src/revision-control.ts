import { deepEqual, isAlreadyExists, isControlledBy, type KubernetesObject } from '@kybern/core';
import { ControllerRevision } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from './ignore-not-found.ts';
import type { Revisions } from './revisions.ts';

/**
 * Writes the newest revision if that is to be done.
 *
 * @param onCollision called when its name is taken by another template
 * @throws {ApiError} `AlreadyExists` when the name is taken, by another template or by an earlier attempt that the cache will show
 */
export async function writeRevision(
  { newest, write }: Revisions,
  { object: owner, client }: ReconcileRequest<KubernetesObject>,
  onCollision: () => Promise<unknown>,
): Promise<void> {
  if (write === 'update') await client.update(ControllerRevision, newest);
  if (write !== 'create') return;
  try {
    await client.create(ControllerRevision, newest);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await client.get(ControllerRevision, newest);
    if (!isControlledBy(existing, owner) || !deepEqual(existing.data, newest.data)) await onCollision();
    throw error;
  }
}

/** Deletes old revisions, one after the other. */
export async function removeRevisions(revisions: readonly ControllerRevision[], { client }: ReconcileRequest<KubernetesObject>): Promise<void> {
  for (const revision of revisions) await ignoreNotFound(client.delete(ControllerRevision, revision));
}
