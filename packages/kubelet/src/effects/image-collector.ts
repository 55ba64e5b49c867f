import type { Clock, Logger } from '@kybern/core';
import type { ContainerImage } from '@kybern/core/kinds';
import type { ContainerRuntime, cri } from '@kybern/runtime-cri';
import { computeImageGarbage, nodeImages, noteImages, type DiskSpace, type ImageGarbagePolicy, type ImageRecords } from '../decisions/image-garbage.ts';

/** What {@link ImageCollector} works with. */
export interface ImageCollectorDeps {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly policy: ImageGarbagePolicy;
  /** How full the disk is that has the images. */
  readonly diskSpace: (mountpoint: string) => Promise<DiskSpace>;
  /** Images that Pods name beside those of their containers. */
  readonly volumeImages: () => Iterable<string>;
  /** Told what could not be freed. */
  readonly onShortage: (message: string) => void;
}

/**
 * Knows the images of a machine, and removes what nobody uses when its disk fills up.
 *
 * @see kubernetes v1.36 pkg/kubelet/images/image_gc_manager.go
 */
export class ImageCollector {
  readonly #deps: ImageCollectorDeps;
  #records: ImageRecords = new Map();
  #images: readonly ContainerImage[] = [];
  #sandboxImage: string | undefined;

  constructor(deps: ImageCollectorDeps) {
    this.#deps = deps;
  }

  /** For the Node's status, as of the last look. */
  get images(): readonly ContainerImage[] {
    return this.#images;
  }

  /** Looks which images there are, and which are used. To be called every few minutes: what is not seen to be used counts as unused since then. */
  async look(signal: AbortSignal): Promise<{ readonly images: readonly cri.Image[]; readonly references: ReadonlySet<string> }> {
    const { runtime, clock, volumeImages } = this.#deps;
    const [{ images }, { containers }] = await Promise.all([runtime.listImages({}, { signal }), runtime.listContainers({}, { signal })]);
    const references = new Set(volumeImages());
    for (const { image, imageRef, imageId = '' } of containers) for (const name of [image.image, imageRef, imageId]) if (name !== '') references.add(name);
    references.add(await this.#findSandboxImage(signal));
    this.#records = noteImages(this.#records, images, { references, nowMs: clock.now() });
    this.#images = nodeImages(images);
    return { images, references };
  }

  /** Older runtimes do not pin the image of their sandboxes; their configuration names it. */
  async #findSandboxImage(signal: AbortSignal): Promise<string> {
    if (this.#sandboxImage === undefined) {
      const { info } = await this.#deps.runtime.status({ verbose: true }, { signal });
      this.#sandboxImage = /"sandboxImage":\s*"([^"]+)"/.exec(info?.['config'] ?? '')?.[1] ?? '';
    }
    return this.#sandboxImage;
  }

  /** Frees disk if it is too full. @returns how many bytes, as the runtime had said */
  async collect(signal: AbortSignal): Promise<number> {
    const { runtime, clock, policy, diskSpace, onShortage, logger } = this.#deps;
    const { images, references } = await this.look(signal);
    const { imageFilesystems } = await runtime.imageFsInfo({}, { signal });
    const mountpoint = imageFilesystems[0]?.fsId?.mountpoint ?? '/';
    const disk = await diskSpace(mountpoint);
    const { wantedBytes, candidates } = computeImageGarbage({ images, records: this.#records, references, disk, policy, nowMs: clock.now() });
    let freedBytes = 0;
    for (const { id, size } of candidates) {
      if (freedBytes >= wantedBytes) break;
      try {
        await runtime.removeImage({ image: { image: id } }, { signal });
        freedBytes += size;
        logger.info('removed an image to free disk', { image: id, bytes: size });
      } catch (error) {
        signal.throwIfAborted();
        logger.warn('an image could not be removed', { image: id, error });
      }
    }
    if (freedBytes < wantedBytes) {
      onShortage(
        `Failed to garbage collect required amount of images. Attempted to free ${String(wantedBytes)} bytes, but only found ${String(freedBytes)} bytes eligible to free.`,
      );
    }
    if (freedBytes > 0) await this.look(signal);
    return freedBytes;
  }
}
