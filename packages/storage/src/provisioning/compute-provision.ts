import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@kybern/core/kinds';
import { BETA_STORAGE_PROVISIONER, PROVISIONED_BY, PROVISIONER_FINALIZER, SELECTED_NODE, STORAGE_PROVISIONER } from '../annotations.ts';
import { claimClass, waitsForConsumer } from '../storage-class.ts';
import type { ProvisionedVolume } from './provisioner.ts';

/** What {@link computeProvision} looks at. */
export interface ProvisionInput {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass | undefined;
  /** Who asks: the name of the provisioner. */
  readonly provisioner: string;
}

/** Whether a provisioner has to make a volume for a claim. */
export type ProvisionPlan =
  | { readonly type: 'none' }
  /** The claim can never be served as it is. */
  | { readonly type: 'refuse'; readonly message: string }
  /** `nodeName`: where the first Pod goes; undefined for classes that bind at once. */
  | { readonly type: 'provision'; readonly name: string; readonly storageClass: StorageClass; readonly nodeName: string | undefined };

const NONE: ProvisionPlan = Object.freeze({ type: 'none' });

/**
 * Decides whether a claim is for a provisioner to serve: it has no volume, the binder named the provisioner, and the scheduler the node where that matters.
 *
 * @see kubernetes-sigs/sig-storage-lib-external-provisioner v13 controller/controller.go (shouldProvision)
 */
export function computeProvision({ claim, storageClass, provisioner }: ProvisionInput): ProvisionPlan {
  const { metadata, spec } = claim;
  const { annotations = {}, uid = '' } = metadata;
  if ((spec.volumeName ?? '') !== '' || metadata.deletionTimestamp !== undefined || uid === '') return NONE;
  if ((annotations[STORAGE_PROVISIONER] ?? annotations[BETA_STORAGE_PROVISIONER]) !== provisioner) return NONE;
  if (storageClass === undefined || storageClass.provisioner !== provisioner) return NONE;
  const nodeName = waitsForConsumer(storageClass) ? annotations[SELECTED_NODE] : undefined;
  if (waitsForConsumer(storageClass) && (nodeName ?? '') === '') return NONE;
  const problem = refusal(claim);
  return problem === undefined ? { type: 'provision', name: `pvc-${uid}`, storageClass, nodeName } : { type: 'refuse', message: problem };
}

function refusal({ spec }: PersistentVolumeClaim): string | undefined {
  if (spec.selector !== undefined) return 'claim Selector is not supported';
  const source = spec.dataSourceRef ?? spec.dataSource;
  return source === undefined ? undefined : `data sources are not supported, and the claim is to be a copy of ${source.kind} "${source.name}"`;
}

/** The volume object of what a provisioner made: reserved for the claim, and kept until the provisioner has deleted it. */
export function provisionedVolume(
  claim: PersistentVolumeClaim,
  { name, storageClass }: { readonly name: string; readonly storageClass: StorageClass },
  { made, provisioner }: { readonly made: ProvisionedVolume; readonly provisioner: string },
): Omit<PersistentVolume, 'status'> {
  const { namespace = '', uid = '', resourceVersion } = claim.metadata;
  const { reclaimPolicy = 'Delete', mountOptions } = storageClass;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { [PROVISIONED_BY]: provisioner },
      ...(reclaimPolicy === 'Delete' ? { finalizers: [PROVISIONER_FINALIZER] } : {}),
    },
    spec: {
      ...made.source,
      capacity: { storage: sizeText(made.bytes) },
      accessModes: claim.spec.accessModes ?? [],
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: claim.metadata.name,
        uid,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: claimClass(claim),
      volumeMode: claim.spec.volumeMode ?? 'Filesystem',
      ...(mountOptions === undefined ? {} : { mountOptions }),
      ...(made.nodeAffinity === undefined ? {} : { nodeAffinity: made.nodeAffinity }),
      ...(claim.spec.volumeAttributesClassName === undefined ? {} : { volumeAttributesClassName: claim.spec.volumeAttributesClassName }),
    },
  };
}

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** A number of bytes as people write it: `1Gi`, `1536Mi`. */
export function sizeText(bytes: number): string {
  let unit = 0;
  let amount = bytes;
  while (amount > 0 && amount % 1024 === 0 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${String(amount)}${UNITS[unit] ?? ''}`;
}
