import { createHash } from 'node:crypto';
import { RuntimeError } from '../errors.ts';
import type { Image, ImageSpec } from '../generated/cri.ts';
import { parseImageReference } from '../image-reference.ts';

/** What an image's name stands for on this machine: a command that is installed here. */
export interface LocalImage {
  /** What runs when the container names no command of its own. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the container's own folder. */
  readonly workingDirectory?: string;
}

/** The image that stands for the machine itself: its containers run whatever command they name. */
export const HOST_IMAGE = 'host';

/** Options of {@link LocalImages}. */
export interface LocalImagesOptions {
  readonly images: Readonly<Record<string, LocalImage>>;
  /** Every other name stands for the machine, like {@link HOST_IMAGE}. */
  readonly anyImage: boolean;
  /** The names that were pulled before. */
  readonly pulled: readonly string[];
}

/** The images of a machine without images: names that stand for commands. Pulling one only notes that it is wanted. */
export class LocalImages {
  readonly #known = new Map<string, LocalImage>();
  readonly #anyImage: boolean;
  readonly #pulled: Set<string>;

  constructor({ images, anyImage, pulled }: LocalImagesOptions) {
    for (const [name, image] of Object.entries({ [HOST_IMAGE]: {}, ...images })) this.#known.set(parseImageReference(name).name, image);
    this.#anyImage = anyImage;
    this.#pulled = new Set(pulled);
  }

  get pulled(): readonly string[] {
    return [...this.#pulled];
  }

  /** @throws {RuntimeError} `NOT_FOUND` when the name stands for nothing here */
  pull({ image }: ImageSpec): string {
    const { name } = parseImageReference(image);
    if (!this.#known.has(name) && !this.#anyImage) {
      throw new RuntimeError(
        'NOT_FOUND',
        `image "${image}" stands for no command of this machine: the process runtime knows ${[...this.#known.keys()].join(', ')}`,
      );
    }
    this.#pulled.add(name);
    return idOf(name);
  }

  find(reference: string): { readonly name: string; readonly image: LocalImage } | undefined {
    const wanted = this.#nameOf(reference);
    return wanted === undefined ? undefined : { name: wanted, image: this.#known.get(wanted) ?? {} };
  }

  list(): readonly Image[] {
    return [...this.#pulled].sort().map(describeImage);
  }

  status(reference: string): Image | undefined {
    const name = this.#nameOf(reference);
    return name === undefined ? undefined : describeImage(name);
  }

  remove(reference: string): void {
    const name = this.#nameOf(reference);
    if (name !== undefined) this.#pulled.delete(name);
  }

  /** By name, id or digest. */
  #nameOf(reference: string): string | undefined {
    const name = reference.startsWith('sha256:') ? undefined : parseImageReference(reference).name;
    if (name !== undefined && this.#pulled.has(name)) return name;
    return [...this.#pulled].find((each) => idOf(each) === reference || digestOf(each) === name);
  }
}

const idOf = (name: string): string => `sha256:${createHash('sha256').update(name).digest('hex')}`;
const digestOf = (name: string): string => `${parseImageReference(name).repository}@${idOf(name)}`;

function describeImage(name: string): Image {
  // It takes no room of its own; a size of 0 would read as unknown.
  return { id: idOf(name), repoTags: [name], repoDigests: [digestOf(name)], size: 1 };
}
