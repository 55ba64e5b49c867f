import { isAlreadyExists, isNotFound, ownerReference, type ObjectInput } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { Database } from './database.ts';

/**
 * Runs each database in a Pod, and replaces the Pod when the image is another one. Two Pods at a time would ruin the data.
 *
 * This is the version with the bug: it believes its cache about the Pod. The cache is never older than what this controller itself has written, but that is
 * forgotten when it crashes, and nobody promises that a cache is not older than what happened before.
 */
export const buggyDatabaseController = (): ControllerDefinition =>
  defineController({
    name: 'databases',
    for: Database,
    owns: [Pod],
    async reconcile({ object: database, client, cache }) {
      const pods = cache.ownedBy(Pod, database);
      for (const pod of pods) {
        if (pod.metadata.deletionTimestamp === undefined && pod.spec.containers[0]?.image !== database.spec.image) await client.delete(Pod, pod);
      }
      if (pods.length > 0) return done();
      const made = await client.create(Pod, {
        ...podFor(database),
        metadata: { ...podFor(database).metadata, name: '', generateName: `${database.metadata.name}-` },
      });
      await client.mutateStatus(Database, database, (draft) => {
        draft.status.pod = made.metadata.name;
      });
      return done();
    },
  });

/**
 * The fix: the Pod has a fixed name, so that the API server, and no cache, decides whether there is one already; and what is deleted is the very Pod that was looked
 * at, by its UID.
 */
export const databaseController = (): ControllerDefinition =>
  defineController({
    name: 'databases',
    for: Database,
    owns: [Pod],
    async reconcile({ object: database, client }) {
      const { name, namespace = 'default' } = database.metadata;
      const pod = await client.get(Pod, { name, namespace }).catch((error: unknown) => (isNotFound(error) ? undefined : Promise.reject(error as Error)));
      if (pod === undefined)
        await client.create(Pod, podFor(database)).catch((error: unknown) => (isAlreadyExists(error) ? undefined : Promise.reject(error as Error)));
      else if (pod.metadata.deletionTimestamp === undefined && pod.spec.containers[0]?.image !== database.spec.image) {
        const { uid = '' } = pod.metadata;
        await client.delete(Pod, pod, { preconditions: { uid } }).catch((error: unknown) => (isNotFound(error) ? undefined : Promise.reject(error as Error)));
      }
      await client.mutateStatus(Database, database, (draft) => {
        draft.status.pod = name;
      });
      return done();
    },
  });

function podFor(database: Database): ObjectInput<Pod> {
  const { name, namespace = 'default' } = database.metadata;
  return {
    metadata: { name, namespace, labels: { database: name }, ownerReferences: [ownerReference(Database, database, { controller: true })] },
    spec: { containers: [{ name: 'database', image: database.spec.image }] },
  };
}
