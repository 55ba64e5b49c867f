import type { MutableJson } from '../kind-model.ts';
import { items, pointer, struct, type SetDefaults } from './access.ts';
import { defaultPullPolicy } from './image-tag.ts';
import { setQuantityForm, setRequirementsDefaults } from './resource-list.ts';

const FILE_MODE = 0o644;
const HOUR_SECONDS = 3600;

/**
 * Defaults of a volume of a Pod: without a source it is an empty directory.
 *
 * @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (SetDefaults_Volume)
 */
export function setVolumeDefaults(volume: MutableJson): void {
  let found = false;
  for (const field in volume) {
    if (field === 'name' || volume[field] === null) continue;
    found = true;
    const source = pointer(volume[field]);
    if (source !== undefined) setSourceDefaults(field, source);
  }
  if (!found) volume.emptyDir = {};
}

function setSourceDefaults(field: string, source: MutableJson): void {
  switch (field) {
    case 'configMap':
    case 'secret':
      source.defaultMode ??= FILE_MODE;
      return;
    case 'downwardAPI':
      source.defaultMode ??= FILE_MODE;
      return setFieldRefDefaults(source);
    case 'projected':
      source.defaultMode ??= FILE_MODE;
      for (const projection of items(source.sources)) setProjectionDefaults(projection);
      return;
    case 'emptyDir':
      return setQuantityForm(source, 'sizeLimit');
    case 'ephemeral':
      return setEphemeralDefaults(source);
    case 'image':
      source.pullPolicy ||= defaultPullPolicy(source.reference);
      return;
    default:
      if (Object.hasOwn(SHARED_SOURCES, field)) SHARED_SOURCES[field]?.(source);
  }
}

/** Sources that volumes of a Pod and PersistentVolumes have in common. */
const SHARED_SOURCES: Readonly<Record<string, SetDefaults>> = {
  hostPath(source) {
    source.type ??= '';
  },
  azureDisk(source) {
    source.cachingMode ??= 'ReadWrite';
    source.kind ??= 'Shared';
    source.fsType ??= 'ext4';
    source.readOnly ??= false;
  },
  iscsi(source) {
    source.iscsiInterface ||= 'default';
  },
  rbd(source) {
    source.pool ||= 'rbd';
    source.user ||= 'admin';
    source.keyring ||= '/etc/ceph/keyring';
  },
  scaleIO(source) {
    source.storageMode ||= 'ThinProvisioned';
    source.fsType ||= 'xfs';
  },
};

/** Defaults of the source of a PersistentVolume; `spec` holds it among other fields. */
export function setPersistentSourceDefaults(spec: MutableJson): void {
  for (const field in SHARED_SOURCES) {
    const source = pointer(spec[field]);
    if (source !== undefined) SHARED_SOURCES[field]?.(source);
  }
}

/** @see kubernetes v1.36 pkg/apis/core/v1/defaults.go (SetDefaults_PersistentVolumeClaimSpec) */
export function setClaimSpecDefaults(spec: MutableJson): void {
  spec.volumeMode ??= 'Filesystem';
  setRequirementsDefaults(pointer(spec.resources));
}

function setEphemeralDefaults(source: MutableJson): void {
  const template = pointer(source.volumeClaimTemplate);
  if (template !== undefined) setClaimSpecDefaults(struct(template, 'spec'));
}

function setProjectionDefaults(projection: MutableJson): void {
  const downward = pointer(projection.downwardAPI);
  if (downward !== undefined) setFieldRefDefaults(downward);
  const token = pointer(projection.serviceAccountToken);
  if (token !== undefined) token.expirationSeconds ??= HOUR_SECONDS;
}

function setFieldRefDefaults(source: MutableJson): void {
  for (const item of items(source.items)) {
    const fieldRef = pointer(item.fieldRef);
    if (fieldRef !== undefined) fieldRef.apiVersion ||= 'v1';
    const resourceRef = pointer(item.resourceFieldRef);
    if (resourceRef !== undefined) setQuantityForm(resourceRef, 'divisor');
  }
}
