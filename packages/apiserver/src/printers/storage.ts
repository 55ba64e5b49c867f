import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '@kybern/core/kinds';
import { ageColumn, nameColumn, quantityCell } from './cells.ts';
import { NONE, UNSET, type Column } from './table.ts';

/** The short names of access modes, in the order in which they are shown. */
const MODES: readonly (readonly [mode: string, short: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];
/** How classes were named before there was a field. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

function modesCell(modes: readonly string[] | undefined): string {
  return MODES.flatMap(([mode, short]) => (modes?.includes(mode) === true ? [short] : [])).join(',');
}

function amount(quantity: string | undefined): string {
  return quantityCell(quantity ?? '0');
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPersistentVolume) */
export const persistentVolumeColumns: readonly Column<PersistentVolume>[] = [
  nameColumn,
  { name: 'Capacity', cell: ({ spec }) => amount(spec.capacity?.['storage']) },
  { name: 'Access Modes', cell: ({ spec }) => modesCell(spec.accessModes) },
  { name: 'Reclaim Policy', cell: ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '' },
  { name: 'Status', cell: ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating') },
  { name: 'Claim', cell: ({ spec }) => (spec.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`) },
  { name: 'StorageClass', cell: ({ metadata, spec }) => metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName ?? '' },
  { name: 'VolumeAttributesClass', cell: ({ spec }) => spec.volumeAttributesClassName ?? UNSET },
  { name: 'Reason', cell: ({ status }) => status?.reason ?? '' },
  ageColumn,
  { name: 'VolumeMode', wide: true, cell: ({ spec }) => spec.volumeMode ?? UNSET },
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printPersistentVolumeClaim) */
export const persistentVolumeClaimColumns: readonly Column<PersistentVolumeClaim>[] = [
  nameColumn,
  { name: 'Status', cell: ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating') },
  { name: 'Volume', cell: ({ spec }) => spec.volumeName ?? '' },
  { name: 'Capacity', cell: ({ spec, status }) => (isBound(spec) ? amount(status?.capacity?.['storage']) : '') },
  { name: 'Access Modes', cell: ({ spec, status }) => (isBound(spec) ? modesCell(status?.accessModes) : '') },
  { name: 'StorageClass', cell: ({ metadata, spec }) => metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName ?? '' },
  { name: 'VolumeAttributesClass', cell: ({ spec }) => spec.volumeAttributesClassName ?? UNSET },
  ageColumn,
  { name: 'VolumeMode', wide: true, cell: ({ spec }) => spec.volumeMode ?? UNSET },
];

function isBound({ volumeName }: PersistentVolumeClaim['spec']): boolean {
  return volumeName !== undefined && volumeName !== '';
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printStorageClass) */
export const storageClassColumns: readonly Column<StorageClass>[] = [
  {
    name: 'Name',
    cell: ({ metadata }) => withDefault(metadata, ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']),
  },
  { name: 'Provisioner', cell: ({ provisioner }) => provisioner },
  { name: 'ReclaimPolicy', cell: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete' },
  { name: 'VolumeBindingMode', cell: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate' },
  { name: 'AllowVolumeExpansion', cell: ({ allowVolumeExpansion }) => allowVolumeExpansion === true },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printVolumeAttributesClass) */
export const volumeAttributesClassColumns: readonly Column<VolumeAttributesClass>[] = [
  { name: 'Name', cell: ({ metadata }) => withDefault(metadata, ['storage.alpha.kubernetes.io/is-default-class']) },
  { name: 'DriverName', cell: ({ driverName }) => driverName },
  ageColumn,
];

function withDefault({ name, annotations }: StorageClass['metadata'], marks: readonly string[]): string {
  return marks.some((mark) => annotations?.[mark] === 'true') ? `${name} (default)` : name;
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printVolumeAttachment) */
export const volumeAttachmentColumns: readonly Column<VolumeAttachment>[] = [
  nameColumn,
  { name: 'Attacher', format: 'name', cell: ({ spec }) => spec.attacher },
  { name: 'PV', cell: ({ spec }) => spec.source?.persistentVolumeName ?? '' },
  { name: 'Node', cell: ({ spec }) => spec.nodeName },
  { name: 'Attached', type: 'boolean', cell: ({ status }) => status?.attached === true },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printCSINode) */
export const csiNodeColumns: readonly Column<CSINode>[] = [
  nameColumn,
  { name: 'Drivers', type: 'integer', cell: ({ spec }) => spec.drivers?.length ?? 0 },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printCSIDriver) */
export const csiDriverColumns: readonly Column<CSIDriver>[] = [
  nameColumn,
  { name: 'AttachRequired', type: 'boolean', cell: ({ spec }) => spec.attachRequired ?? true },
  { name: 'PodInfoOnMount', type: 'boolean', cell: ({ spec }) => spec.podInfoOnMount ?? false },
  { name: 'StorageCapacity', type: 'boolean', cell: ({ spec }) => spec.storageCapacity ?? false },
  { name: 'TokenRequests', cell: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? UNSET },
  { name: 'RequiresRepublish', type: 'boolean', cell: ({ spec }) => spec.requiresRepublish ?? false },
  { name: 'Modes', cell: ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || NONE },
  ageColumn,
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printCSIStorageCapacity) */
export const csiStorageCapacityColumns: readonly Column<CSIStorageCapacity>[] = [
  nameColumn,
  { name: 'StorageClassName', cell: ({ storageClassName }) => storageClassName },
  { name: 'Capacity', cell: ({ capacity }) => (capacity === undefined ? UNSET : amount(capacity)) },
];
