import { isConflict, keyOf } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type AbsentRequest, type Cache, type ControllerDefinition, type InformerEvent } from '@kybern/reconcile';
import { claimClass, computeClaim, defaultClass, reservedFor, volumeClass, type ClaimPlan } from '@kybern/storage';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { claimsByVolume, claimsOfClass, podsByClaim, waitingClaims } from './claim-indexes.ts';
import { VolumeLedger } from './volume-ledger.ts';

/** Begins the key under which all waiting claims of a class are looked at together; no claim has such a key. */
const CLASS_KEY = 'class|';
const RETRY_MS = 20;

/**
 * Binds claims to volumes, has volumes provisioned for those that find none, and says what a claim waits for.
 *
 * When a volume comes free, the claims of its class are looked at in one go, however many volumes came, so that many claims and many volumes do not mean
 * looking at each pair of them.
 *
 * @see kubernetes v1.36 pkg/controller/volume/persistentvolume
 */
export function persistentVolumeClaimBinder(): ControllerDefinition<PersistentVolumeClaim> {
  const ledger = new VolumeLedger();
  return defineController({
    name: 'persistentvolume-binder',
    for: PersistentVolumeClaim,
    predicates: [(event) => event.type !== 'deleted'],
    watches: [
      {
        kind: PersistentVolume,
        predicate(event: InformerEvent<PersistentVolume>) {
          ledger.note(event);
          return true;
        },
        map: claimsOfVolume,
      },
      { kind: StorageClass, map: claimsOfClass },
      { kind: Pod, predicate: usesVolumes, map: waitingClaimsOfPod },
    ],
    indexes: [claimsByVolume, waitingClaims, podsByClaim],
    concurrency: 2,
    reconcile: retryOnConflict(async (request) => {
      const end = ledger.begin(request.key);
      if (end === undefined) return requeueAfter(RETRY_MS);
      try {
        await bindClaim(request, ledger, request.object);
      } finally {
        end();
      }
      return done();
    }),
    async onAbsent(request) {
      return request.key.startsWith(CLASS_KEY) && (await bindWaiting(request, ledger)) ? requeueAfter(RETRY_MS) : done();
    },
  });
}

/** The claim that a volume is meant for, those that asked for it, and the look at all that wait for one like it. */
function claimsOfVolume(volume: PersistentVolume, _old: unknown, cache: Cache): readonly string[] {
  const { name } = volume.metadata;
  const claim = reservedFor(volume);
  const keys = cache.by(PersistentVolumeClaim, claimsByVolume.name, name).map(keyOf);
  if (claim !== undefined) return [claim, ...keys];
  return volume.status?.phase === 'Available' ? [...keys, `${CLASS_KEY}${volumeClass(volume)}`] : keys;
}

const usesVolumes = (event: InformerEvent<Pod>): boolean => event.type !== 'deleted' && (event.object.spec.volumes?.length ?? 0) > 0;

/** A Pod says what its claims wait for. */
function waitingClaimsOfPod({ metadata, spec }: Pod, _old: unknown, cache: Cache): readonly string[] {
  const keys = (spec.volumes ?? []).map(({ persistentVolumeClaim }) => `${metadata.namespace ?? ''}/${persistentVolumeClaim?.claimName ?? ''}`);
  return keys.filter((key) => {
    const claim = cache.get(PersistentVolumeClaim, key);
    return claim !== undefined && (claim.spec.volumeName ?? '') === '';
  });
}

/** Every claim of a class that finds a volume gets it. @returns whether some have to be looked at again */
async function bindWaiting(request: AbsentRequest, ledger: VolumeLedger): Promise<boolean> {
  const { key, cache } = request;
  const className = key.slice(CLASS_KEY.length);
  let isDisturbed = false;
  for (const claim of cache.by(PersistentVolumeClaim, waitingClaims.name, className)) {
    if (!ledger.hasFree(className)) break;
    if (ledger.find(claim, cache, { reservedOnly: false }) === undefined) continue;
    const end = ledger.begin(keyOf(claim));
    if (end === undefined) continue;
    try {
      await bindClaim(request, ledger, claim);
    } catch (error) {
      if (!isConflict(error)) throw error;
      isDisturbed = true;
    } finally {
      end();
    }
  }
  return isDisturbed;
}

async function bindClaim(request: AbsentRequest, ledger: VolumeLedger, claim: PersistentVolumeClaim): Promise<void> {
  const { cache } = request;
  // What is on its way out gets nothing any more; what it has stays its own until it is gone.
  if (claim.metadata.deletionTimestamp !== undefined && (claim.spec.volumeName ?? '') === '') return;
  const plan = computeClaim({
    claim,
    volume: (name) => cache.get(PersistentVolume, name),
    find: (asking, options) => ledger.find(asking, cache, options),
    storageClass: (name) => cache.get(StorageClass, name),
    defaultClass: defaultClass(cache.list(StorageClass)),
    waitingPods: waitingPods(claim, cache),
  });
  await ignoreNotFound(applyClaim(request, ledger, { claim, plan }));
}

function waitingPods(claim: PersistentVolumeClaim, cache: Cache): readonly string[] {
  if (claimClass(claim) === '' || (claim.spec.volumeName ?? '') !== '') return [];
  const pods = cache.by(Pod, podsByClaim.name, keyOf(claim));
  return pods.filter(({ spec }) => (spec.nodeName ?? '') === '').map(({ metadata }) => metadata.name);
}

async function applyClaim(
  { client, recorder }: AbsentRequest,
  ledger: VolumeLedger,
  { claim, plan }: { readonly claim: PersistentVolumeClaim; readonly plan: ClaimPlan },
): Promise<void> {
  const { volume } = plan;
  if (volume !== undefined) await ledger.write(volume, () => client.update(PersistentVolume, volume));
  const written = plan.claim === undefined ? claim : await client.update(PersistentVolumeClaim, plan.claim);
  if (plan.status !== undefined) await client.update(PersistentVolumeClaim, { ...written, status: plan.status }, { subresource: 'status' });
  for (const event of plan.events) recorder.event(written, event);
}
