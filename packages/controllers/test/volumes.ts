import type { Client } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, StorageClass, type PersistentVolumeClaimSpec, type PersistentVolumeSpec } from '@kybern/core/kinds';

/** Creates a volume of 10Gi of the class `slow` unless told otherwise. */
export function createVolume(client: Client, name: string, spec: Partial<PersistentVolumeSpec> = {}): Promise<PersistentVolume> {
  return client.create(PersistentVolume, {
    metadata: { name },
    spec: { capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'slow', hostPath: { path: '/data' }, ...spec },
  });
}

/** Creates a claim in the namespace `default` for 5Gi of the class `slow` unless told otherwise. */
export function createClaim(client: Client, name: string, spec: Partial<PersistentVolumeClaimSpec> = {}): Promise<PersistentVolumeClaim> {
  return client.create(PersistentVolumeClaim, {
    metadata: { name, namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, storageClassName: 'slow', ...spec },
  });
}

/** Creates a class. */
export function createClass(client: Client, name: string, fields: Partial<StorageClass> = {}): Promise<StorageClass> {
  return client.create(StorageClass, {
    metadata: { name },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'Immediate',
    reclaimPolicy: 'Delete',
    ...fields,
  });
}

/** What becomes of the claims: name, phase and volume of each. */
export async function claimTable(client: Client): Promise<readonly string[]> {
  return (await client.list(PersistentVolumeClaim)).items.map(
    ({ metadata, spec, status }) => `${metadata.name} ${status?.phase ?? ''} ${spec.volumeName ?? '-'}`,
  );
}

/** What becomes of the volumes: name, phase and claim of each. */
export async function volumeTable(client: Client): Promise<readonly string[]> {
  return (await client.list(PersistentVolume)).items.map(
    ({ metadata, spec, status }) => `${metadata.name} ${status?.phase ?? ''} ${spec.claimRef?.name ?? '-'}`,
  );
}
