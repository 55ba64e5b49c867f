import { formatTime } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim } from '@kybern/core/kinds';
import { defineController, done, type Cache, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { computeVolume, reservedFor, type VolumePlan } from '@kybern/storage';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { volumesByClaim } from './claim-indexes.ts';

/**
 * Says of each volume whether it is free, bound or released, and takes back those whose claims found others.
 *
 * @see kubernetes v1.36 pkg/controller/volume/persistentvolume
 */
export function persistentVolumeController(): ControllerDefinition<PersistentVolume> {
  return defineController({
    name: 'persistentvolume-controller',
    for: PersistentVolume,
    predicates: [(event) => event.type !== 'deleted'],
    watches: [{ kind: PersistentVolumeClaim, map: volumesOfClaim }],
    indexes: [volumesByClaim],
    concurrency: 2,
    reconcile: retryOnConflict(async (request) => {
      const { object: volume } = request;
      const plan = computeVolume({ volume, claim: await claimOf(request) });
      await ignoreNotFound(applyVolume(request, volume, plan));
      return done();
    }),
  });
}

function volumesOfClaim(claim: PersistentVolumeClaim, _old: unknown, cache: Cache): readonly string[] {
  const { metadata, spec } = claim;
  const reserved = cache.by(PersistentVolume, volumesByClaim.name, `${metadata.namespace ?? ''}/${metadata.name}`).map((volume) => volume.metadata.name);
  const named = spec.volumeName ?? '';
  return named === '' || cache.get(PersistentVolume, named) === undefined ? reserved : [...reserved, named];
}

/** A claim that the cache does not have is asked for: a volume must not be released because a cache is late. */
async function claimOf({ object: volume, cache, client }: ReconcileRequest<PersistentVolume>): Promise<PersistentVolumeClaim | undefined> {
  const key = reservedFor(volume);
  const { uid = '' } = volume.spec.claimRef ?? {};
  if (key === undefined || uid === '') return undefined;
  const cached = cache.get(PersistentVolumeClaim, key);
  const isReleased = volume.status?.phase === 'Released' || volume.status?.phase === 'Failed';
  if (cached?.metadata.uid === uid || isReleased) return cached;
  return await ignoreNotFound(client.get(PersistentVolumeClaim, key));
}

async function applyVolume(
  { client, clock, recorder }: ReconcileRequest<PersistentVolume>,
  volume: PersistentVolume,
  { volume: released, phase, message, events }: VolumePlan,
): Promise<void> {
  const written = released === undefined ? volume : await client.update(PersistentVolume, released);
  if (phase !== undefined) {
    const status = { phase, lastPhaseTransitionTime: formatTime(clock.now()), ...(message === undefined ? {} : { message }) };
    await client.update(PersistentVolume, { ...written, status }, { subresource: 'status' });
  }
  for (const event of events) recorder.event(written, event);
}
