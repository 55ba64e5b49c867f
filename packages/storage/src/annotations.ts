/** On a claim: it went through binding once. Its value does not matter. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a claim or a volume: the controller chose the partner, no person did. Its value does not matter. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: which provisioner made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: which provisioner is to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
/** The older name of {@link STORAGE_PROVISIONER}, which provisioners still look for. */
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim: the node that the scheduler chose for its first Pod. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** On a claim or a volume: its class, as it was written before there was a field. */
export const STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';
/** On a StorageClass: claims that name no class get this one. */
export const DEFAULT_CLASS: readonly string[] = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
/** The provisioner of classes whose volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
/** Keeps a claim while Pods use it. */
export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
/** Keeps a volume while it is bound. */
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';
/** Keeps a volume until its provisioner has deleted what it stands for. */
export const PROVISIONER_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
