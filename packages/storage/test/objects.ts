import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';

/** What a test says of a volume. */
export interface VolumeOptions {
  readonly size?: string;
  readonly storageClass?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deleting?: boolean;
  readonly spec?: Partial<PersistentVolume['spec']>;
  readonly phase?: NonNullable<PersistentVolume['status']>['phase'];
}

/** An Available volume of 10Gi of the class `slow` unless told otherwise. */
export function makeVolume(
  name: string,
  { size = '10Gi', storageClass = 'slow', labels, annotations, deleting, spec, phase = 'Available' }: VolumeOptions = {},
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      uid: `uid-${name}`,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(deleting === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { capacity: { storage: size }, accessModes: ['ReadWriteOnce'], storageClassName: storageClass, hostPath: { path: '/data' }, ...spec },
    status: { phase },
  };
}

/** A volume's reservation for the claim of that name, in the namespace `default`; without uid as a person writes it. */
export const reserved = (claim: string, uid: string | undefined = `uid-${claim}`): NonNullable<PersistentVolume['spec']['claimRef']> => ({
  namespace: 'default',
  name: claim,
  ...(uid === undefined || uid === '' ? {} : { uid }),
});

/** What a test says of a claim. */
export interface ClaimOptions {
  readonly size?: string;
  readonly storageClass?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PersistentVolumeClaim['spec']>;
  readonly status?: PersistentVolumeClaim['status'];
}

/** A Pending claim for 5Gi of the class `slow` unless told otherwise. */
export function makeClaim(name: string, options: ClaimOptions = {}): PersistentVolumeClaim {
  const { size = '5Gi', annotations, spec, status = { phase: 'Pending' } } = options;
  const storageClassName = 'storageClass' in options ? options.storageClass : 'slow';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
      ...spec,
    },
    status,
  };
}

/** A class that binds at once. */
export function makeClass(name: string, fields: Partial<StorageClass> = {}): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'example.com/disks',
    volumeBindingMode: 'Immediate',
    ...fields,
  };
}
