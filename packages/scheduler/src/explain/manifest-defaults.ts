import { cloneJson, type Kind, type KubernetesObject, type MutableJson } from '@kybern/core';
import { setManifestDefaults } from '@kybern/core/defaults';
import * as kinds from '@kybern/core/kinds';
import type { SnapshotInput } from '../cluster/create-snapshot.ts';

/** Plain manifests of a cluster, as people write them: what the API server would have filled in may be missing. */
export interface ClusterManifests extends SnapshotInput {
  /** For Pods that name a class and no priority. */
  readonly priorityClasses?: readonly kinds.PriorityClass[];
}

const KINDS: Readonly<Record<Exclude<keyof SnapshotInput, 'pods'>, Kind>> = {
  nodes: kinds.Node,
  namespaces: kinds.Namespace,
  services: kinds.Service,
  replicationControllers: kinds.ReplicationController,
  replicaSets: kinds.ReplicaSet,
  statefulSets: kinds.StatefulSet,
  podDisruptionBudgets: kinds.PodDisruptionBudget,
  persistentVolumes: kinds.PersistentVolume,
  persistentVolumeClaims: kinds.PersistentVolumeClaim,
  storageClasses: kinds.StorageClass,
  csiNodes: kinds.CSINode,
  csiDrivers: kinds.CSIDriver,
  csiStorageCapacities: kinds.CSIStorageCapacity,
  volumeAttachments: kinds.VolumeAttachment,
  resourceClaims: kinds.ResourceClaim,
};

/** The manifests as they are once an API server, its default admission plugins and the volume controller have seen them. The input stays as it is. */
export function completeManifests(manifests: ClusterManifests): SnapshotInput {
  const result: Record<string, readonly KubernetesObject[]> = {};
  for (const [field, kind] of Object.entries(KINDS)) {
    const objects = manifests[field as keyof typeof KINDS] as readonly KubernetesObject[] | undefined;
    if (objects !== undefined) result[field] = objects.map((object) => complete(kind, object, manifests));
  }
  const pods = manifests.pods?.map((pod) => completePod(pod, manifests));
  return { ...(result as unknown as SnapshotInput), ...(pods === undefined ? {} : { pods }) };
}

function complete(kind: Kind, object: KubernetesObject, manifests: ClusterManifests): KubernetesObject {
  const copy: MutableJson = cloneJson(object);
  copy.metadata ??= {};
  if (kind.scope === 'Namespaced') copy.metadata.namespace ||= 'default';
  if (kind.kind === 'PersistentVolume')
    copy.status = { ...copy.status, phase: copy.status?.phase || (copy.spec?.claimRef === undefined ? 'Available' : 'Bound') };
  if (kind.kind === 'PersistentVolumeClaim') setStorageClass(copy, manifests.storageClasses);
  setManifestDefaults(kind, copy);
  return copy as KubernetesObject;
}

/** @see kubernetes v1.36 plugin/pkg/admission/storage/storageclass/setdefault/admission.go */
function setStorageClass(claim: MutableJson, classes: readonly kinds.StorageClass[] = []): void {
  const isSet = claim.spec?.storageClassName !== undefined || claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined;
  if (isSet || claim.spec === undefined || claim.spec.volumeName) return;
  const [chosen] = classes
    .filter(({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true')
    .sort((a, b) => compare(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? '') || compare(a.metadata.name, b.metadata.name));
  if (chosen !== undefined) claim.spec.storageClassName = chosen.metadata.name;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A Pod as the API server keeps it. */
export function completePod(pod: kinds.Pod, { priorityClasses = [] }: Pick<ClusterManifests, 'priorityClasses'>): kinds.Pod {
  const copy: MutableJson = cloneJson(pod);
  copy.metadata ??= {};
  copy.metadata.namespace ||= 'default';
  copy.spec.containers ??= [];
  setPriority(copy.spec, priorityClasses);
  setTolerations(copy.spec);
  applyLabelKeys(copy);
  setManifestDefaults(kinds.Pod, copy);
  return copy as kinds.Pod;
}

/** @see kubernetes v1.36 plugin/pkg/admission/priority/admission.go */
function setPriority(spec: MutableJson, classes: readonly kinds.PriorityClass[]): void {
  if (spec.priority !== undefined) return;
  const builtin: Readonly<Record<string, number>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 };
  const named: string | undefined = spec.priorityClassName || undefined;
  const chosen = classes.find(({ metadata, globalDefault }) => (named === undefined ? globalDefault === true : metadata.name === named));
  spec.priority = chosen?.value ?? (named === undefined ? undefined : builtin[named]) ?? 0;
  const policy = spec.preemptionPolicy ?? chosen?.preemptionPolicy;
  if (policy !== undefined) spec.preemptionPolicy = policy;
}

const LOST_NODE_SECONDS = 300;

/** @see kubernetes v1.36 plugin/pkg/admission/defaulttolerationseconds/admission.go */
function setTolerations(spec: MutableJson): void {
  const tolerations: MutableJson[] = spec.tolerations ?? [];
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const covered = tolerations.some((each) => (each.key === key || !each.key) && (each.effect === 'NoExecute' || !each.effect));
    if (!covered) tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: LOST_NODE_SECONDS });
  }
  spec.tolerations = tolerations;
}

/**
 * `matchLabelKeys` and `mismatchLabelKeys` become part of the selectors, as they do when a Pod is created. A Pod that comes from an API server has that
 * already: the same requirement twice changes nothing.
 *
 * @see kubernetes v1.36 pkg/registry/core/pod/strategy.go (applyMatchLabelKeysAndMismatchLabelKeys)
 */
function applyLabelKeys(pod: MutableJson): void {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  for (const rules of [podAffinity, podAntiAffinity]) {
    for (const term of rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []) addLabelKeys(term, pod.metadata.labels);
    for (const weighted of rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []) addLabelKeys(weighted.podAffinityTerm, pod.metadata.labels);
  }
}

function addLabelKeys(term: MutableJson, labels: Readonly<Record<string, string>> = {}): void {
  const { labelSelector } = term;
  if (labelSelector === undefined || labelSelector === null) return;
  const add = (keys: readonly string[] = [], operator: 'In' | 'NotIn'): void => {
    for (const key of keys) {
      const value = labels[key];
      const present: readonly MutableJson[] = labelSelector.matchExpressions ?? [];
      const isThere = present.some((each) => each.key === key && each.operator === operator && each.values?.length === 1 && each.values[0] === value);
      if (value !== undefined && !isThere) labelSelector.matchExpressions = [...present, { key, operator, values: [value] }];
    }
  };
  add(term.matchLabelKeys, 'In');
  add(term.mismatchLabelKeys, 'NotIn');
}
