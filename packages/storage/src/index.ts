// Binding
export { computeClaim } from './claim-plan.ts';
export type { ClaimInput, ClaimPlan } from './claim-plan.ts';
export { computeVolume } from './volume-plan.ts';
export type { VolumeInput, VolumePhase, VolumePlan } from './volume-plan.ts';
export { VolumeIndex } from './volume-index.ts';
export { findMatchingVolume } from './find-volume.ts';
export type { MatchConditions } from './find-volume.ts';
export { isBoundTo, reservedFor } from './claim-reference.ts';
export { storageCapacity, storageRequest } from './storage-size.ts';
export { claimClass, defaultClass, hasOpenClass, isDefaultClass, volumeClass, waitsForConsumer } from './storage-class.ts';
export type { PlannedEvent } from './planned-event.ts';
// Protection
export { claimsOfPod, computeClaimProtection, computeVolumeProtection } from './protection.ts';
export type { ProtectionPlan } from './protection.ts';
export {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  CLAIM_PROTECTION,
  DEFAULT_CLASS,
  PROVISIONED_BY,
  PROVISIONER_FINALIZER,
  SELECTED_NODE,
  VOLUME_PROTECTION,
} from './annotations.ts';
// Explanations
export { explainClaim } from './explain-claim.ts';
export type { ClaimExplanation, ExplainClaimInput, VolumeVerdict } from './explain-claim.ts';
// Provisioning
export type { ProvisionedVolume, Provisioner, ProvisionRequest } from './provisioning/provisioner.ts';
export { computeProvision, provisionedVolume, sizeText } from './provisioning/compute-provision.ts';
export type { ProvisionInput, ProvisionPlan } from './provisioning/compute-provision.ts';
export { computeDeletion } from './provisioning/compute-deletion.ts';
export type { DeletionPlan } from './provisioning/compute-deletion.ts';
export { SIMULATED_PROVISIONER, simulatedProvisioner } from './provisioning/simulated.ts';
export { standardClass } from './provisioning/standard-class.ts';
export { isProvisionError, ProvisionError } from './errors.ts';
export type { ProvisionErrorCode } from './errors.ts';
// Expansion
export { computeExpansion, infeasibleStatus, resizedStatus, resizingStatus } from './expansion.ts';
export type { ExpansionInput, ExpansionPlan } from './expansion.ts';
// Volumes on nodes
export { pluginFor } from './plugins/volume-plugin.ts';
export type {
  ExpandRequest,
  PodVolumeSource,
  PublishRequest,
  StageRequest,
  UnpublishRequest,
  UnstageRequest,
  VolumeAccess,
  VolumePlugin,
  VolumeSource,
} from './plugins/volume-plugin.ts';
// Snapshots and content
export type { MadeSnapshot, Snapshotter, VolumeContent, VolumePopulator } from './snapshots/snapshotter.ts';
