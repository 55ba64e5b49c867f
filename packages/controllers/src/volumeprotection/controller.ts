import { keyOf } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition } from '@kybern/reconcile';
import { CLAIM_PROTECTION, claimsOfPod, computeClaimProtection, computeVolumeProtection, VOLUME_PROTECTION } from '@kybern/storage';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { podsByClaim } from '../persistentvolume/claim-indexes.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';

/**
 * Lets claims go that no Pod uses, and no others.
 *
 * @see kubernetes v1.36 pkg/controller/volume/pvcprotection/pvc_protection_controller.go
 */
export function claimProtectionController(): ControllerDefinition<PersistentVolumeClaim> {
  return defineController({
    name: 'persistentvolumeclaim-protection-controller',
    for: PersistentVolumeClaim,
    predicates: [
      (event) => event.type !== 'deleted' && (event.object.metadata.deletionTimestamp !== undefined || !isProtected(event.object, CLAIM_PROTECTION)),
    ],
    watches: [
      {
        kind: Pod,
        // Pods that come hold claims, they do not let any go.
        predicate: (event) => event.type === 'deleted' && (event.object.spec.volumes?.length ?? 0) > 0,
        map: (pod) => claimsOfPod(pod).map((name) => `${pod.metadata.namespace ?? ''}/${name}`),
      },
    ],
    indexes: [podsByClaim],
    reconcile: retryOnConflict(async ({ object: claim, cache, client }) => {
      const cached = cache.by(Pod, podsByClaim.name, keyOf(claim));
      const plan = computeClaimProtection(claim, cached);
      if (plan === undefined) return done();
      if (plan === 'remove') {
        // The server knows of Pods that the cache may not know yet.
        const { namespace = '', name } = claim.metadata;
        const pods = (await client.list(Pod, { namespace })).items.filter((pod) => claimsOfPod(pod).includes(name));
        if (computeClaimProtection(claim, pods) !== 'remove') return done();
      }
      await ignoreNotFound(
        client.update(PersistentVolumeClaim, { ...claim, metadata: { ...claim.metadata, finalizers: changed(claim, CLAIM_PROTECTION, plan) } }),
      );
      return done();
    }),
  });
}

/**
 * Lets volumes go that are not bound, and no others.
 *
 * @see kubernetes v1.36 pkg/controller/volume/pvprotection/pv_protection_controller.go
 */
export function volumeProtectionController(): ControllerDefinition<PersistentVolume> {
  return defineController({
    name: 'persistentvolume-protection-controller',
    for: PersistentVolume,
    predicates: [
      (event) => event.type !== 'deleted' && (event.object.metadata.deletionTimestamp !== undefined || !isProtected(event.object, VOLUME_PROTECTION)),
    ],
    reconcile: retryOnConflict(async ({ object: volume, client }) => {
      const plan = computeVolumeProtection(volume);
      if (plan === undefined) return done();
      await ignoreNotFound(
        client.update(PersistentVolume, { ...volume, metadata: { ...volume.metadata, finalizers: changed(volume, VOLUME_PROTECTION, plan) } }),
      );
      return done();
    }),
  });
}

type Finalized = { readonly metadata: { readonly finalizers?: readonly string[] } };

const isProtected = ({ metadata }: Finalized, finalizer: string): boolean => metadata.finalizers?.includes(finalizer) ?? false;

function changed({ metadata: { finalizers = [] } }: Finalized, finalizer: string, plan: 'add' | 'remove'): string[] {
  return plan === 'add' ? [...finalizers, finalizer] : finalizers.filter((each) => each !== finalizer);
}
