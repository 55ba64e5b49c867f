import type { KindRegistry } from '@kybern/apiserver';
import type { Kind, KubernetesObject, ObjectInput } from '@kybern/core';

/** What can be applied: a file (its URL), the text of manifests, or objects. */
export type ManifestSource = URL | string | ManifestObject | readonly ManifestObject[];

/** An object that says what it is. */
export type ManifestObject = ObjectInput<KubernetesObject> & { readonly apiVersion: string; readonly kind: string };

/** A manifest with its kind found. */
export interface ResolvedManifest {
  readonly kind: Kind;
  readonly object: ObjectInput<KubernetesObject>;
}

/** Told of every load that takes real time. */
type Pending = <T>(load: Promise<T>) => Promise<T>;

/** What {@link resolveManifests} needs of the cluster. */
export interface ResolveContext {
  readonly kinds: KindRegistry;
  readonly pending: Pending;
}

/**
 * Reads manifests and finds their kinds.
 *
 * @throws {TypeError} when a file cannot be read here, or a kind is not served
 * @throws {ManifestError} when a text is not YAML
 */
export async function resolveManifests(source: ManifestSource, { kinds, pending }: ResolveContext): Promise<readonly ResolvedManifest[]> {
  return (await objectsOf(source, pending)).map((object) => {
    const kind = kinds.find(object.apiVersion, object.kind);
    if (kind === undefined)
      throw new TypeError(
        `no matches for kind "${object.kind}" in version "${object.apiVersion}": pass it in createTestCluster({ kinds }) or run a controller for it first`,
      );
    if (object.metadata?.name === undefined) throw new TypeError(`a ${object.kind} without metadata.name cannot be applied`);
    return { kind, object };
  });
}

async function objectsOf(source: ManifestSource, pending: Pending): Promise<readonly ManifestObject[]> {
  if (source instanceof URL) return parse(readFile(source), source.pathname, pending);
  if (typeof source === 'string') return parse(source, 'manifest', pending);
  return Array.isArray(source) ? (source as readonly ManifestObject[]) : [source as ManifestObject];
}

/** The text of a file (its URL), or the text itself. @throws {TypeError} when a file cannot be read here */
export function readSource(source: URL | string): string {
  return source instanceof URL ? readFile(source) : source;
}

/** The parser is loaded when there is something to parse: it takes longer to import than all the rest of core. */
async function parse(text: string, file: string, pending: Pending): Promise<readonly ManifestObject[]> {
  const { readManifests } = await pending(import('@kybern/core/manifests'));
  // What else the objects hold is the server's to validate.
  return readManifests(text, { file }).map((manifest) => manifest.object as unknown as ManifestObject);
}

/** Node's file system where there is one, without an import that a browser could not resolve. */
declare const process: { getBuiltinModule?: (name: 'node:fs') => { readFileSync(path: URL, encoding: 'utf8'): string } | undefined } | undefined;

function readFile(url: URL): string {
  const fs = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:fs');
  if (fs === undefined) throw new TypeError(`${url.href} cannot be read here: pass the manifests' text instead`);
  return fs.readFileSync(url, 'utf8');
}
