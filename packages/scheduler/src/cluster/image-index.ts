import type { ContainerImage, Node } from '@kybern/core/kinds';

/** An image that some nodes have. */
export interface ImageState {
  /** As the first node that had it says. */
  readonly sizeBytes: number;
  /** The rows of the nodes that have it. */
  readonly rows: ReadonlySet<number>;
}

const NONE: readonly ContainerImage[] = Object.freeze([]);

/** Which images are on which nodes. Invariant: an image is here exactly if a node has it. */
export class ImageIndex {
  readonly #images = new Map<string, ImageState & { readonly rows: Set<number> }>();
  readonly #known = new Map<number, readonly ContainerImage[]>();

  get(name: string): ImageState | undefined {
    return this.#images.size === 0 ? undefined : this.#images.get(name);
  }

  setNode(row: number, { status }: Node): void {
    const images = status?.images ?? NONE;
    const before = this.#known.get(row) ?? NONE;
    if (images === before) return;
    this.removeNode(row);
    if (images.length === 0) return;
    this.#known.set(row, images);
    for (const { names = [], sizeBytes = 0 } of images) for (const name of names) this.#stateOf(name, sizeBytes).rows.add(row);
  }

  removeNode(row: number): void {
    for (const { names = [] } of this.#known.get(row) ?? NONE) {
      for (const name of names) {
        const state = this.#images.get(name);
        state?.rows.delete(row);
        if (state?.rows.size === 0) this.#images.delete(name);
      }
    }
    this.#known.delete(row);
  }

  #stateOf(name: string, sizeBytes: number): { readonly rows: Set<number> } {
    let state = this.#images.get(name);
    if (state === undefined) this.#images.set(name, (state = { sizeBytes, rows: new Set() }));
    return state;
  }
}
