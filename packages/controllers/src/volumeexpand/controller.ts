import { formatTime } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import {
  claimClass,
  computeExpansion,
  infeasibleStatus,
  isProvisionError,
  PROVISIONED_BY,
  resizedStatus,
  resizingStatus,
  sizeText,
  type Provisioner,
} from '@kybern/storage';
import { claimsByVolume } from '../persistentvolume/claim-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';

type Request = ReconcileRequest<PersistentVolumeClaim>;

/**
 * Makes volumes larger when their claims ask for more, where the class allows it and the provisioner can. Who asked for too much gets out of it by asking for
 * less, but not for less than there is.
 *
 * @see kubernetes-csi/external-resizer v2 pkg/controller/controller.go
 */
export function volumeExpansionController(provisioner: Provisioner): ControllerDefinition<PersistentVolumeClaim> {
  return defineController({
    name: `${provisioner.name}-resizer`,
    for: PersistentVolumeClaim,
    predicates: [(event) => event.type !== 'deleted' && event.object.status?.phase === 'Bound'],
    watches: [
      {
        kind: PersistentVolume,
        predicate: (event) => event.type === 'updated' && event.object.spec.capacity?.['storage'] !== event.old.spec.capacity?.['storage'],
        map: ({ metadata }, _old, cache) =>
          cache.by(PersistentVolumeClaim, claimsByVolume.name, metadata.name).map((claim) => `${claim.metadata.namespace ?? ''}/${claim.metadata.name}`),
      },
    ],
    indexes: [claimsByVolume],
    reads: [StorageClass],
    reconcile: retryOnConflict(async (request) => {
      const { object: claim, cache } = request;
      const volume = cache.get(PersistentVolume, claim.spec.volumeName ?? '');
      if (volume === undefined || volume.metadata.annotations?.[PROVISIONED_BY] !== provisioner.name || provisioner.expand === undefined) return done();
      const plan = computeExpansion({ claim, volume, storageClass: cache.get(StorageClass, claimClass(claim)) });
      if (plan.type === 'expand') await expand(request, volume, { provisioner, bytes: plan.bytes });
      if (plan.type === 'finish') await finish(request, claim, plan.bytes);
      return done();
    }),
  });
}

async function expand(
  request: Request,
  volume: PersistentVolume,
  { provisioner, bytes }: { readonly provisioner: Provisioner; readonly bytes: number },
): Promise<void> {
  const { client, clock, recorder, signal } = request;
  const now = formatTime(clock.now());
  const claim = await setStatus(request, { ...request.object, status: resizingStatus(request.object, sizeText(bytes), now) });
  recorder.event(claim, { type: 'Normal', reason: 'Resizing', message: `External resizer is resizing volume ${volume.metadata.name}` });
  let made: number;
  try {
    made = (await provisioner.expand?.(volume, bytes, { signal })) ?? bytes;
  } catch (error) {
    const message = `resize volume "${volume.metadata.name}" by resizer "${provisioner.name}" failed: ${error instanceof Error ? error.message : String(error)}`;
    recorder.event(claim, { type: 'Warning', reason: 'VolumeResizeFailed', message });
    const isFinal = isProvisionError(error) && (error.code === 'InvalidArgument' || error.code === 'ResourceExhausted');
    if (isFinal) await setStatus(request, { ...claim, status: infeasibleStatus(claim, message, now) });
    throw error;
  }
  const capacity = { ...volume.spec.capacity, storage: sizeText(made) };
  await client.update(PersistentVolume, { ...volume, spec: { ...volume.spec, capacity } });
  await finish(request, claim, made);
}

async function finish(request: Request, claim: PersistentVolumeClaim, bytes: number): Promise<void> {
  const done = await setStatus(request, { ...claim, status: resizedStatus(claim, sizeText(bytes)) });
  request.recorder.event(done, { type: 'Normal', reason: 'VolumeResizeSuccessful', message: 'Resize volume succeeded' });
}

function setStatus({ client }: Request, claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim> {
  return client.update(PersistentVolumeClaim, claim, { subresource: 'status' });
}
