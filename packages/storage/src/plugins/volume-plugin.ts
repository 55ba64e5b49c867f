import type { PersistentVolume, Pod } from '@kybern/core/kinds';

/** A volume of a Pod's spec. */
export type PodVolumeSource = NonNullable<Pod['spec']['volumes']>[number];

/** What a plugin is to bring to a Pod: a volume that a claim is bound to, or one that a Pod brings along and that lives as long as the Pod. */
export type VolumeSource =
  | { readonly type: 'persistent'; readonly volume: PersistentVolume }
  | { readonly type: 'inline'; readonly volume: PodVolumeSource; readonly namespace: string; readonly podUid: string };

/** What every step is told. Paths are absolute, and of the kubelet's own making: no part of them comes from an object unchecked. */
interface VolumeStep {
  readonly source: VolumeSource;
  readonly signal: AbortSignal;
}

/** How a volume is to be reached. */
export interface VolumeAccess {
  /** `Block`: the target becomes a block device (or a link to one); else a directory. */
  readonly volumeMode: 'Filesystem' | 'Block';
  /** Such as `ext4`; undefined: the plugin's own choice. */
  readonly fsType: string | undefined;
  readonly mountOptions: readonly string[];
  /** The volume's access modes, such as `ReadWriteOnce`. */
  readonly accessModes: readonly string[];
  /** What attaching it told (`VolumeAttachment.status.attachmentMetadata`); empty for volumes that are not attached. */
  readonly attachContext: Readonly<Record<string, string>>;
  /** Set when the plugin is to give the files to a group, because {@link VolumePlugin.ownsFsGroup} says that it does. */
  readonly fsGroup?: number;
}

/** Asks for a volume once on a node, for all Pods there. */
export interface StageRequest extends VolumeStep, VolumeAccess {
  /** A directory that exists, is empty at first, and is this volume's alone. */
  readonly stagingPath: string;
}

/** Asks for a volume in one Pod. */
export interface PublishRequest extends VolumeStep, VolumeAccess {
  /** Where it was staged; undefined for plugins without {@link VolumePlugin.stage}. */
  readonly stagingPath: string | undefined;
  /** Where the Pod shall find it. Its parent exists, it does not; the plugin makes it. */
  readonly targetPath: string;
  readonly readOnly: boolean;
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string; readonly serviceAccountName: string };
}

/** Takes a volume from one Pod. After a restart of the agent the source is what was written down when it was published. */
export interface UnpublishRequest extends VolumeStep {
  readonly targetPath: string;
}

/** Takes a volume from the node. No Pod has it any more. */
export interface UnstageRequest extends VolumeStep {
  readonly stagingPath: string;
}

/** Makes the file system of a volume as large as the volume has become. */
export interface ExpandRequest extends VolumeStep {
  /** Where it is published, or staged when no Pod has it. */
  readonly path: string;
  readonly stagingPath: string | undefined;
  readonly bytes: number;
  readonly volumeMode: 'Filesystem' | 'Block';
}

/**
 * Brings volumes to the Pods of one node: staged once, published to each Pod, and taken away in the opposite order.
 *
 * Every step may be repeated, by this process or by the next one after a crash anywhere in between, and finds what an earlier call did: a step that was done
 * answers at once, one that was undone is content. The kubelet never runs two steps of one volume at a time, stages before it publishes, unstages after the last
 * Pod has let go, and lets a volume be detached after that. A step whose signal aborts rejects with its reason; it may have happened all the same.
 * `@kybern/storage/conformance` holds what is promised.
 *
 * @throws {ProvisionError} with the codes of CSI
 */
export interface VolumePlugin {
  /** Unique among the plugins of a node, and safe as a file name, such as `kubernetes.io~csi`. */
  readonly name: string;
  /** Whether the volume is one of this plugin's. The first plugin of a node that says so has it. */
  supports(source: VolumeSource): boolean;
  /**
   * The name of the volume on its node, as `Node.status.volumesInUse` has it, such as `kubernetes.io/csi/DRIVER^HANDLE`. Two sources with one name are one
   * volume, and staged once.
   */
  volumeName(source: VolumeSource): string;
  /** Whether somebody has to attach it first, as a VolumeAttachment says. Default: nobody. */
  requiresAttach?(source: VolumeSource, options: { readonly signal: AbortSignal }): Promise<boolean>;
  /** Whether the plugin itself gives files to the Pod's `fsGroup`. Default: the kubelet does. */
  ownsFsGroup?(source: VolumeSource): boolean;
  /** Plugins without it publish at once. */
  stage?(request: StageRequest): Promise<void>;
  publish(request: PublishRequest): Promise<void>;
  unpublish(request: UnpublishRequest): Promise<void>;
  unstage?(request: UnstageRequest): Promise<void>;
  /** @returns the size in bytes. A plugin without it has nothing to do on nodes */
  expand?(request: ExpandRequest): Promise<number>;
}

/** The plugin of a node that has the volume. */
export function pluginFor(plugins: readonly VolumePlugin[], source: VolumeSource): VolumePlugin | undefined {
  return plugins.find((plugin) => plugin.supports(source));
}
