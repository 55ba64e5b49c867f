import {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  type CSINode,
  type PersistentVolumeSpec,
  type Pod,
  type Volume,
  type VolumeAttachment,
} from '@kybern/core/kinds';
import type { ClusterObjects } from '../cluster/cluster-objects.ts';
import { podClaims } from '../cluster/pod-claims.ts';
import { claimClass } from '@kybern/storage';

/** Volumes by their unique name, each with its CSI driver. */
export type AttachedVolumes = Map<string, string>;

/** An in-tree kind of volume that a CSI driver took over. */
interface Migrated {
  readonly plugin: string;
  readonly driver: string;
  readonly handleOf: (source: PersistentVolumeSpec | Volume) => string | undefined;
}

/** @see kubernetes v1.36 staging/src/k8s.io/csi-translation-lib/plugins */
const MIGRATED: readonly Migrated[] = [
  { plugin: 'kubernetes.io/aws-ebs', driver: 'ebs.csi.aws.com', handleOf: ({ awsElasticBlockStore }) => awsElasticBlockStore?.volumeID },
  { plugin: 'kubernetes.io/gce-pd', driver: 'pd.csi.storage.gke.io', handleOf: ({ gcePersistentDisk }) => gcePersistentDisk?.pdName },
  { plugin: 'kubernetes.io/azure-disk', driver: 'disk.csi.azure.com', handleOf: ({ azureDisk }) => azureDisk?.diskURI },
  { plugin: 'kubernetes.io/cinder', driver: 'cinder.csi.openstack.org', handleOf: ({ cinder }) => cinder?.volumeID },
  { plugin: 'kubernetes.io/vsphere-volume', driver: 'csi.vsphere.vmware.com', handleOf: ({ vsphereVolume }) => vsphereVolume?.volumePath },
  { plugin: 'kubernetes.io/portworx-volume', driver: 'pxd.portworx.com', handleOf: ({ portworxVolume }) => portworxVolume?.volumeID },
];
const MIGRATED_ANNOTATION = 'storage.alpha.kubernetes.io/migrated-plugins';

/** Whether a Pod may have a volume that counts against a limit. */
export function mayAttach({ spec }: Pod): boolean {
  return (spec.volumes ?? []).some(
    (volume) => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined || MIGRATED.some(({ handleOf }) => handleOf(volume) !== undefined),
  );
}

/** Adds the volumes of a Pod that a CSI driver attaches. What cannot be found, or is no CSI volume, does not count. */
export function addAttachable(pod: Pod, { csiNode, objects }: { readonly csiNode: CSINode; readonly objects: ClusterObjects }, into: AttachedVolumes): void {
  for (const { key } of podClaims(pod)) {
    const claim = objects.get(PersistentVolumeClaim, key);
    if (claim === undefined) continue;
    const volume = objects.get(PersistentVolume, claim.spec.volumeName ?? '');
    if (volume === undefined) addUnbound(key, claim, { csiNode, objects, into });
    else addVolume(volume.spec, csiNode, into);
  }
  for (const volume of pod.spec.volumes ?? []) addMigrated(volume, csiNode, into);
}

/** Adds the volumes that are attached to the node whatever its Pods say. */
export function addAttachments(
  attachments: readonly VolumeAttachment[],
  { csiNode, objects }: { readonly csiNode: CSINode; readonly objects: ClusterObjects },
  into: AttachedVolumes,
): void {
  for (const { spec } of attachments) {
    const volume = spec.source.persistentVolumeName === undefined ? undefined : objects.get(PersistentVolume, spec.source.persistentVolumeName)?.spec;
    const source = volume ?? spec.source.inlineVolumeSpec;
    if (source !== undefined) addVolume(source, csiNode, into);
  }
}

function addVolume(source: PersistentVolumeSpec, csiNode: CSINode, into: AttachedVolumes): void {
  if (source.csi !== undefined) into.set(`${source.csi.driver}/${source.csi.volumeHandle}`, source.csi.driver);
  else addMigrated(source, csiNode, into);
}

function addMigrated(source: PersistentVolumeSpec | Volume, csiNode: CSINode, into: AttachedVolumes): void {
  for (const { plugin, driver, handleOf } of MIGRATED) {
    const handle = handleOf(source);
    if (handle !== undefined && isMigrated(csiNode, plugin)) into.set(`${driver}/${handle}`, driver);
  }
}

/** A claim that has no volume yet counts under its own name, for the driver of its class. */
function addUnbound(
  key: string,
  claim: PersistentVolumeClaim,
  { csiNode, objects, into }: { readonly csiNode: CSINode; readonly objects: ClusterObjects; readonly into: AttachedVolumes },
): void {
  const provisioner = objects.get(StorageClass, claimClass(claim))?.provisioner;
  if (provisioner === undefined) return;
  const migrated = MIGRATED.find(({ plugin }) => plugin === provisioner);
  if (migrated !== undefined && !isMigrated(csiNode, migrated.plugin)) return;
  const driver = migrated?.driver ?? provisioner;
  into.set(`${driver}/${key}`, driver);
}

function isMigrated({ metadata }: CSINode, plugin: string): boolean {
  return metadata.annotations?.[MIGRATED_ANNOTATION]?.split(',').includes(plugin) ?? false;
}
