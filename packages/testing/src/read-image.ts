import { apiVersionOf, type Kind, type KubernetesObject } from '@kybern/core';
import { builtinKinds, findKind } from '@kybern/core/kinds';
import type { Change } from '@kybern/state';
import { createClusterImage, type ClusterImage } from './cluster-image.ts';
import { openImage, storeOf } from './image-file.ts';
import { startCluster } from './test-cluster.ts';
import { storageKey } from './trace.ts';

/**
 * Reads an image from its JSON.
 *
 * @throws {TypeError} when the text is no image; {SyntaxError} when it is no JSON
 */
export async function readClusterImage(text: string): Promise<ClusterImage> {
  const { state, atMs } = await openImage(text);
  return createClusterImage(state, { atMs, defaults: {}, start: startCluster });
}

/** Options of {@link importObjects}. */
export interface ImportOptions {
  /** Kinds that are not built in. */
  readonly kinds?: readonly Kind[];
  /** When the objects were read, ms since the Unix epoch. Default: the newest creation among them. */
  readonly atMs?: number;
}

/**
 * Makes an image from the objects of another cluster, such as `kubectl get … -o json` of a running one. They are taken as they are, UIDs and status
 * included, so they have to be as a server gives them, defaults and all.
 *
 * @throws {TypeError} when an object's kind is not known
 */
export async function importObjects(objects: readonly KubernetesObject[], { kinds = [], atMs }: ImportOptions = {}): Promise<ClusterImage> {
  const changes = objects.map((object): Change => {
    const kind = findKind(object.apiVersion, object.kind) ?? kinds.find((own) => apiVersionOf(own) === object.apiVersion && own.kind === object.kind);
    if (kind === undefined) throw new TypeError(`no matches for kind "${object.kind}" in version "${object.apiVersion}": pass it in importObjects({ kinds })`);
    const { namespace, name = '' } = object.metadata;
    return { key: storageKey(kind, { namespace, name }), value: object };
  });
  const created = objects.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '')).filter((ms) => !Number.isNaN(ms));
  const custom = kinds.filter((kind) => !builtinKinds.includes(kind));
  return imageOf(changes, { revision: 1, atMs: atMs ?? Math.max(0, ...created), ...(custom.length === 0 ? {} : { kinds: custom }) });
}

async function imageOf(
  changes: readonly Change[],
  { revision, atMs, kinds }: { readonly revision: number; readonly atMs: number; readonly kinds?: readonly Kind[] },
): Promise<ClusterImage> {
  const state = await storeOf(changes, revision);
  return createClusterImage(state, { atMs, defaults: kinds === undefined ? {} : { kinds }, start: startCluster });
}
