import { seededRandom, type CallOptions, type Clock } from '@kybern/core';
import { RuntimeError } from '../errors.ts';
import type { Image, ImageFsInfoResponse } from '../generated/cri.ts';
import { parseImageReference } from '../image-reference.ts';
import type { PullBehavior, SimulatedBehaviors } from './behaviors.ts';
import type { Latencies } from './latencies.ts';

/** Invariant: `byName` holds every name of every image; an image is there iff one of its names is. */
export class SimulatedImages {
  readonly #byName = new Map<string, Image>();
  readonly #pulling = new Map<string, Promise<Image>>();
  readonly #failures = new Map<PullBehavior, number>();
  readonly #deps: { readonly clock: Clock; readonly behaviors: SimulatedBehaviors; readonly latencies: Latencies };

  constructor(deps: { readonly clock: Clock; readonly behaviors: SimulatedBehaviors; readonly latencies: Latencies }) {
    this.#deps = deps;
  }

  /** The image of a name in any form, or of an image id. */
  find(image: string): Image | undefined {
    const known = this.#byName.get(image);
    if (known !== undefined) return known;
    return image.startsWith('sha256:') ? undefined : this.#byName.get(parseImageReference(image).name);
  }

  list(): readonly Image[] {
    return [...new Set(this.#byName.values())];
  }

  /** Puts an image there without a pull. */
  add(image: string): Image {
    const known = this.find(image);
    if (known !== undefined) return known;
    const made = describeImage(image);
    for (const name of [made.id, ...made.repoTags, ...made.repoDigests]) this.#byName.set(name, made);
    return made;
  }

  /** One pull per image at a time; whoever asks meanwhile waits for the same one. An image that is there costs nothing, as its layers are. */
  async pull(image: string, options: CallOptions = {}): Promise<Image> {
    options.signal?.throwIfAborted();
    const { name } = parseImageReference(image);
    let pull = this.#pulling.get(name);
    if (pull === undefined) {
      pull = this.#pull(image).finally(() => this.#pulling.delete(name));
      this.#pulling.set(name, pull);
    }
    return this.#deps.latencies.untilAborted(pull, options.signal);
  }

  async #pull(image: string): Promise<Image> {
    const behavior = this.#deps.behaviors.resolve({ image }).pull ?? {};
    const known = this.find(image);
    const size = (known ?? describeImage(image)).size;
    const fallback = known === undefined ? 200 + Math.round((600 * size) / MAX_IMAGE_BYTES) : 0;
    await this.#deps.latencies.wait(behavior.latencyMs ?? fallback);
    const error = this.#nextError(behavior);
    if (error !== undefined) throw pullError(image, error);
    return this.add(image);
  }

  #nextError(behavior: PullBehavior): string | undefined {
    if (behavior.error === undefined || behavior.times === undefined) return behavior.error;
    const failed = this.#failures.get(behavior) ?? 0;
    if (failed >= behavior.times) return undefined;
    this.#failures.set(behavior, failed + 1);
    return behavior.error;
  }

  /** Removing by one name removes the image with all its names. */
  remove(image: string): void {
    const found = this.find(image);
    if (found === undefined) return;
    for (const name of [found.id, ...found.repoTags, ...found.repoDigests]) this.#byName.delete(name);
  }

  fsInfo(): ImageFsInfoResponse {
    const usedBytes = this.list().reduce((sum, image) => sum + image.size, 0);
    const usage = { timestamp: this.#deps.clock.now() * 1e6, fsId: { mountpoint: '/var/lib/simulated/images' }, usedBytes: { value: usedBytes } };
    return { imageFilesystems: [usage], containerFilesystems: [] };
  }
}

const MAX_IMAGE_BYTES = 200e6;

/** Size and digest depend on the name alone, so that every node and every run agrees on them. */
function describeImage(image: string): Image {
  const reference = parseImageReference(image);
  const random = seededRandom(reference.name);
  const hex = (): string =>
    Array.from({ length: 8 }, () =>
      Math.floor(random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
  const digest = reference.digest ?? `sha256:${hex()}`;
  return Object.freeze({
    id: `sha256:${hex()}`,
    repoTags: reference.tag === undefined ? [] : [`${reference.repository}:${reference.tag}`],
    repoDigests: [`${reference.repository}@${digest}`],
    size: Math.floor(5e6 + random.next() * (MAX_IMAGE_BYTES - 5e6)),
    spec: { image: reference.name },
    pinned: false,
  });
}

function pullError(image: string, error: string): RuntimeError {
  const { name, repository } = parseImageReference(image);
  const failed = `failed to pull and unpack image "${name}"`;
  switch (error) {
    case 'not-found':
      return new RuntimeError('NOT_FOUND', `${failed}: failed to resolve reference "${name}": ${name}: not found`);
    case 'unauthorized':
      return new RuntimeError('UNKNOWN', `${failed}: failed to authorize: failed to fetch oauth token for "${repository}": 401 Unauthorized`);
    case 'registry-unavailable':
      return new RuntimeError('UNAVAILABLE', `${failed}: failed to do request to registry of "${repository}": connection refused`);
    default:
      return new RuntimeError('UNKNOWN', error);
  }
}
