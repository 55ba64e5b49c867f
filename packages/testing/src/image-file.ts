import type { KubernetesObject } from '@kybern/core';
import { createMemoryStore, type Change, type StateStore } from '@kybern/state';

interface Written {
  readonly kybern: 'image';
  readonly revision: number;
  readonly atMs: number;
  readonly objects: readonly (readonly [key: string, object: KubernetesObject])[];
}

/** What a cluster is to begin with. */
export interface Opened {
  readonly state: StateStore;
  /** Wall time, ms since the Unix epoch. */
  readonly atMs: number;
}

/**
 * Reads the JSON of an image into a store of its own.
 *
 * @throws {TypeError} when the text is no image; {SyntaxError} when it is no JSON
 */
export async function openImage(text: string): Promise<Opened> {
  const written = JSON.parse(text) as Partial<Written>;
  if (written.kybern !== 'image' || !Array.isArray(written.objects)) throw new TypeError('the text is no image of a cluster');
  const { revision = 1, atMs = 0, objects } = written;
  return {
    state: await storeOf(
      objects.map(([key, value]): Change => ({ key, value })),
      revision,
    ),
    atMs,
  };
}

/** A store with what these changes bring. */
export async function storeOf(changes: readonly Change[], revision: number): Promise<StateStore> {
  const state = createMemoryStore({ startRevision: Math.max(0, revision - 1) });
  if (changes.length > 0) await state.commit(changes);
  return state;
}
