import type { ContainerImage } from '@kybern/core/kinds';
import type { cri } from '@kybern/runtime-cri';

/** When images go. @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (ImageGC…) */
export interface ImageGarbagePolicy {
  /** Begins when so much of the disk is used. */
  readonly highThresholdPercent: number;
  /** Ends when no more than so much is used. */
  readonly lowThresholdPercent: number;
  /** Images that were found less than so long ago stay. */
  readonly minAgeMs: number;
}

/** Kubernetes' numbers. */
export const DEFAULT_IMAGE_GARBAGE_POLICY: ImageGarbagePolicy = Object.freeze({ highThresholdPercent: 85, lowThresholdPercent: 80, minAgeMs: 120_000 });

/** A file system. */
export interface DiskSpace {
  readonly capacityBytes: number;
  readonly availableBytes: number;
}

/** Since when an image is known, and when a container last used it. */
export interface ImageRecord {
  readonly firstSeenMs: number;
  readonly lastUsedMs: number;
}

/** By id. */
export type ImageRecords = ReadonlyMap<string, ImageRecord>;

/** The names of an image that containers may have been made from. */
const namesOf = ({ id, repoTags, repoDigests }: cri.Image): readonly string[] => [id, ...repoTags, ...repoDigests];

/** Whether one of `references` is the image. */
export function isReferred(image: cri.Image, references: ReadonlySet<string>): boolean {
  return namesOf(image).some((name) => references.has(name));
}

/** What is known of the images that are there now. @param references what containers and Pods use, by whatever name */
export function noteImages(
  known: ImageRecords,
  images: readonly cri.Image[],
  { references, nowMs }: { references: ReadonlySet<string>; nowMs: number },
): ImageRecords {
  return new Map(
    images.map((image) => {
      const { firstSeenMs = nowMs, lastUsedMs = 0 } = known.get(image.id) ?? {};
      return [image.id, { firstSeenMs, lastUsedMs: isReferred(image, references) ? nowMs : lastUsedMs }];
    }),
  );
}

/** What {@link computeImageGarbage} decides from. */
export interface ImageGarbageInput {
  readonly images: readonly cri.Image[];
  readonly records: ImageRecords;
  readonly references: ReadonlySet<string>;
  readonly disk: DiskSpace;
  readonly policy: ImageGarbagePolicy;
  readonly nowMs: number;
}

/** Which images go, those that were not used for longest first. */
export interface ImageGarbage {
  /** How much is to be freed. Zero when the disk is not full enough. */
  readonly wantedBytes: number;
  /** In this order, until `wantedBytes` are free. */
  readonly candidates: readonly cri.Image[];
}

/**
 * Decides which images go when the disk fills up. Those that are used, pinned or new stay.
 *
 * @see kubernetes v1.36 pkg/kubelet/images/image_gc_manager.go (GarbageCollect, freeSpace)
 */
export function computeImageGarbage({ images, records, references, disk, policy, nowMs }: ImageGarbageInput): ImageGarbage {
  const { capacityBytes, availableBytes } = disk;
  const usedPercent = capacityBytes <= 0 ? 0 : 100 - Math.floor((Math.min(availableBytes, capacityBytes) * 100) / capacityBytes);
  if (usedPercent < policy.highThresholdPercent) return { wantedBytes: 0, candidates: [] };
  const wantedBytes = Math.max(0, Math.floor((capacityBytes * (100 - policy.lowThresholdPercent)) / 100) - availableBytes);
  const recordOf = ({ id }: cri.Image): ImageRecord => records.get(id) ?? { firstSeenMs: nowMs, lastUsedMs: 0 };
  const candidates = images
    .filter((image) => image.pinned !== true && !isReferred(image, references) && nowMs - recordOf(image).firstSeenMs >= policy.minAgeMs)
    .sort((a, b) => recordOf(a).lastUsedMs - recordOf(b).lastUsedMs || recordOf(a).firstSeenMs - recordOf(b).firstSeenMs || (a.id < b.id ? -1 : 1));
  return { wantedBytes, candidates };
}

const MAX_NODE_IMAGES = 50;
const MAX_NAMES = 5;

/** The images that a Node tells of: the largest fifty. @see kubernetes v1.36 pkg/kubelet/nodestatus/setters.go (Images) */
export function nodeImages(images: readonly cri.Image[]): readonly ContainerImage[] {
  return [...images]
    .sort((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_NODE_IMAGES)
    .map(({ repoDigests, repoTags, size }) => ({ names: [...repoDigests, ...repoTags].slice(0, MAX_NAMES), sizeBytes: size }));
}
