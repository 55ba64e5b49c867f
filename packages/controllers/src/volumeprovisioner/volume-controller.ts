import { PersistentVolume } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { computeDeletion, PROVISIONER_FINALIZER, type Provisioner } from '@kybern/storage';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';

/**
 * Has a provisioner delete the volumes whose claims are gone, where their policy says so.
 *
 * @see kubernetes-sigs/sig-storage-lib-external-provisioner v13 controller/controller.go
 */
export function volumeDeletionController(provisioner: Provisioner): ControllerDefinition<PersistentVolume> {
  return defineController({
    name: `${provisioner.name}-deleter`,
    for: PersistentVolume,
    predicates: [(event) => event.type !== 'deleted' && computeDeletion(event.object, provisioner.name) !== 'none'],
    concurrency: 10,
    reconcile: retryOnConflict(async (request) => {
      const { object: volume, client } = request;
      const plan = computeDeletion(volume, provisioner.name);
      if (plan === 'none') return done();
      if (plan === 'delete') await deleteData(request, provisioner);
      const kept = await letGo(request);
      const { uid } = volume.metadata;
      if (plan === 'delete' && kept) await ignoreNotFound(client.delete(PersistentVolume, volume, uid === undefined ? {} : { preconditions: { uid } }));
      return done();
    }),
  });
}

async function deleteData({ object: volume, recorder, signal }: ReconcileRequest<PersistentVolume>, provisioner: Provisioner): Promise<void> {
  try {
    await provisioner.delete(volume, { signal });
  } catch (error) {
    recorder.event(volume, { type: 'Warning', reason: 'VolumeFailedDelete', message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** @returns whether the object may still be there */
async function letGo({ object: volume, client }: ReconcileRequest<PersistentVolume>): Promise<boolean> {
  const { finalizers = [] } = volume.metadata;
  if (!finalizers.includes(PROVISIONER_FINALIZER)) return true;
  const metadata = { ...volume.metadata, finalizers: finalizers.filter((each) => each !== PROVISIONER_FINALIZER) };
  return (await ignoreNotFound(client.update(PersistentVolume, { ...volume, metadata }))) !== undefined;
}
