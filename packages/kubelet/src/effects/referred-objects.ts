import { isNotFound, type Client } from '@kybern/core';
import { ConfigMap, Secret } from '@kybern/core/kinds';
import type { EnvironmentReferences, ReferredObjects } from '../decisions/environment.ts';

/** Nothing is referred to. */
const NOTHING: ReferredObjects = Object.freeze({ configMaps: new Map<string, ConfigMap>(), secrets: new Map<string, Secret>() });

/** Reads the objects of a namespace by name; those that do not exist are left out. @throws {ApiError} when one cannot be read */
export async function readReferredObjects(
  client: Client,
  namespace: string,
  { references, signal }: { readonly references: EnvironmentReferences; readonly signal: AbortSignal },
): Promise<ReferredObjects> {
  const { configMaps, secrets } = references;
  if (configMaps.length === 0 && secrets.length === 0) return NOTHING;
  const [foundMaps, foundSecrets] = await Promise.all([
    Promise.all(configMaps.map((name) => orMissing(client.get(ConfigMap, { namespace, name }, { signal })))),
    Promise.all(secrets.map((name) => orMissing(client.get(Secret, { namespace, name }, { signal })))),
  ]);
  const byName = <T extends { readonly metadata: { readonly name: string } }>(objects: readonly (T | undefined)[]): ReadonlyMap<string, T> =>
    new Map(objects.flatMap((object) => (object === undefined ? [] : [[object.metadata.name, object] as const])));
  return { configMaps: byName(foundMaps), secrets: byName(foundSecrets) };
}

async function orMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
