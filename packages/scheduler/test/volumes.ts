import type { CSINode, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass, Volume } from '@kybern/core/kinds';
import { makePod, type PodOptions } from './objects.ts';

/** What a test says of a volume. */
export interface VolumeOptions {
  readonly size?: string;
  readonly storageClass?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The value of the label `zone` that nodes must have. */
  readonly zone?: string;
  readonly claim?: string;
  readonly spec?: Partial<PersistentVolume['spec']>;
}

/** A volume of 10Gi of the class `slow` unless told otherwise. */
export function makeVolume(name: string, { size = '10Gi', storageClass = 'slow', labels, zone, claim, spec }: VolumeOptions = {}): PersistentVolume {
  const affinity = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In' as const, values: [zone ?? ''] }] }] } };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, uid: `uid-${name}`, ...(labels === undefined ? {} : { labels }) },
    spec: {
      capacity: { storage: size },
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      hostPath: { path: '/data' },
      ...(zone === undefined ? {} : { nodeAffinity: affinity }),
      ...(claim === undefined ? {} : { claimRef: { namespace: 'default', name: claim, uid: `uid-${claim}` } }),
      ...spec,
    },
    status: { phase: claim === undefined ? 'Available' : 'Bound' },
  };
}

/** What a test says of a claim. */
export interface ClaimOptions {
  readonly size?: string;
  readonly storageClass?: string;
  /** The volume that it is bound to. */
  readonly volume?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Partial<PersistentVolumeClaim['spec']>;
}

/** A claim of 5Gi of the class `slow` unless told otherwise. */
export function makeClaim(name: string, { size = '5Gi', storageClass = 'slow', volume, annotations, spec }: ClaimOptions = {}): PersistentVolumeClaim {
  const marks = { ...annotations, ...(volume === undefined ? {} : { 'pv.kubernetes.io/bind-completed': 'yes' }) };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...(Object.keys(marks).length === 0 ? {} : { annotations: marks }) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      storageClassName: storageClass,
      ...(volume === undefined ? {} : { volumeName: volume }),
      ...spec,
    },
  };
}

/** A class whose claims wait for a Pod, unless told otherwise. */
export function makeClass(name: string, fields: Partial<StorageClass> = {}): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...fields,
  };
}

/** A Pod that uses the claims. */
export function using(name: string, claims: readonly string[], { spec, ...options }: PodOptions = {}): Pod {
  const volumes: Volume[] = claims.map((claimName, index) => ({ name: `v${index}`, persistentVolumeClaim: { claimName } }));
  return makePod(name, { ...options, spec: { volumes, ...spec } });
}

/** A node's drivers and how many volumes each can attach. */
export function makeCsiNode(name: string, limits: Readonly<Record<string, number | undefined>>, migrated = ''): CSINode {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name, annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': migrated } },
    spec: {
      drivers: Object.entries(limits).map(([driver, count]) => ({ name: driver, nodeID: name, ...(count === undefined ? {} : { allocatable: { count } }) })),
    },
  };
}
