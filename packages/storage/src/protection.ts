import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from './annotations.ts';

/** What is to be done with the finalizer that protects an object; undefined: nothing. */
export type ProtectionPlan = 'add' | 'remove' | undefined;

/**
 * A claim cannot go while a Pod that has a node uses it.
 *
 * @param pods the Pods of its namespace that name the claim
 * @see kubernetes v1.36 pkg/controller/volume/pvcprotection/pvc_protection_controller.go
 */
export function computeClaimProtection({ metadata }: PersistentVolumeClaim, pods: readonly Pod[]): ProtectionPlan {
  const isProtected = metadata.finalizers?.includes(CLAIM_PROTECTION) ?? false;
  if (metadata.deletionTimestamp === undefined) return isProtected ? undefined : 'add';
  return isProtected && !pods.some(({ spec }) => (spec.nodeName ?? '') !== '') ? 'remove' : undefined;
}

/** A volume cannot go while it is bound. @see kubernetes v1.36 pkg/controller/volume/pvprotection/pv_protection_controller.go */
export function computeVolumeProtection({ metadata, status }: PersistentVolume): ProtectionPlan {
  const isProtected = metadata.finalizers?.includes(VOLUME_PROTECTION) ?? false;
  if (metadata.deletionTimestamp === undefined) return isProtected ? undefined : 'add';
  return isProtected && status?.phase !== 'Bound' ? 'remove' : undefined;
}

/** The claims that a Pod uses, by name: those that it names, and those that are made for its generic ephemeral volumes. */
export function claimsOfPod({ metadata, spec }: Pod): readonly string[] {
  const names: string[] = [];
  for (const { name, persistentVolumeClaim, ephemeral } of spec.volumes ?? []) {
    if (persistentVolumeClaim !== undefined) names.push(persistentVolumeClaim.claimName);
    else if (ephemeral !== undefined) names.push(`${metadata.name}-${name}`);
  }
  return names;
}
