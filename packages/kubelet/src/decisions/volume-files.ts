import type { Container, Pod } from '@kybern/core/kinds';
import type { ReferredObjects } from './environment.ts';
import { podField, resourceField, type PodFieldsInput } from './pod-fields.ts';

/** A volume of a Pod. */
export type PodVolume = NonNullable<Pod['spec']['volumes']>[number];

/** A file that a volume shows, by its path below the volume. */
export interface VolumeFile {
  readonly content: Uint8Array;
  readonly mode: number;
}

/** A token of the Pod's ServiceAccount that a volume shows. */
export interface TokenRequest {
  readonly path: string;
  /** Empty: that of the API server. */
  readonly audience: string;
  readonly expirationSeconds: number;
}

/** What {@link computeVolumeFiles} decides from. */
export interface VolumeFilesInput extends PodFieldsInput {
  readonly volume: PodVolume;
  readonly objects: ReferredObjects;
  /** By path, as {@link volumeTokens} names them. */
  readonly tokens: ReadonlyMap<string, string>;
}

const DEFAULT_MODE = 0o644;
const DEFAULT_TOKEN_SECONDS = 3600;

/** One part of a volume of files: a projected volume has several. */
interface Source {
  readonly configMap?: ObjectSource;
  readonly secret?: ObjectSource;
  readonly downwardAPI?: { readonly items?: readonly DownwardItem[] };
  readonly serviceAccountToken?: { readonly path: string; readonly audience?: string; readonly expirationSeconds?: number };
}

interface ObjectSource {
  readonly name: string;
  readonly optional?: boolean | undefined;
  readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[] | undefined;
}

interface DownwardItem {
  readonly path: string;
  readonly mode?: number;
  readonly fieldRef?: { readonly fieldPath: string };
  readonly resourceFieldRef?: { readonly containerName?: string; readonly resource: string; readonly divisor?: string };
}

/** The parts of a volume whose files are made from objects; undefined for every other kind of volume. */
function sourcesOf({ configMap, secret, downwardAPI, projected }: PodVolume): { readonly sources: readonly Source[]; readonly mode: number } | undefined {
  if (configMap !== undefined) return { sources: [{ configMap: { ...configMap, name: configMap.name ?? '' } }], mode: configMap.defaultMode ?? DEFAULT_MODE };
  if (secret !== undefined) {
    const { secretName: name = '', optional, items } = secret;
    return { sources: [{ secret: { name, optional, items } }], mode: secret.defaultMode ?? DEFAULT_MODE };
  }
  if (downwardAPI !== undefined) return { sources: [{ downwardAPI } as Source], mode: downwardAPI.defaultMode ?? DEFAULT_MODE };
  if (projected !== undefined) return { sources: (projected.sources ?? []) as readonly Source[], mode: projected.defaultMode ?? DEFAULT_MODE };
  return undefined;
}

/** Whether a volume's files are made from objects, and so follow them. */
export function isFilesVolume(volume: PodVolume): boolean {
  return sourcesOf(volume) !== undefined;
}

/** Names of the objects that a volume shows. */
export function volumeReferences(volume: PodVolume): { readonly configMaps: readonly string[]; readonly secrets: readonly string[] } {
  const sources = sourcesOf(volume)?.sources ?? [];
  return { configMaps: sources.flatMap(({ configMap }) => configMap?.name ?? []), secrets: sources.flatMap(({ secret }) => secret?.name ?? []) };
}

/** The tokens that a volume shows. */
export function volumeTokens(volume: PodVolume): readonly TokenRequest[] {
  return (sourcesOf(volume)?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
    token === undefined ? [] : [{ path: token.path, audience: token.audience ?? '', expirationSeconds: token.expirationSeconds ?? DEFAULT_TOKEN_SECONDS }],
  );
}

/**
 * The files of a volume that shows objects: configMap, secret, downwardAPI, projected.
 *
 * @throws {Error} in Kubernetes' words, when something does not exist and is not optional
 * @see kubernetes v1.36 pkg/volume/projected/projected.go (collectData)
 */
export function computeVolumeFiles(input: VolumeFilesInput): ReadonlyMap<string, VolumeFile> {
  const files = new Map<string, VolumeFile>();
  const { sources, mode } = sourcesOf(input.volume) ?? { sources: [], mode: DEFAULT_MODE };
  for (const source of sources) for (const [path, file] of filesOf(input, source, mode)) files.set(path, file);
  return files;
}

function filesOf(
  input: VolumeFilesInput,
  { configMap, secret, downwardAPI, serviceAccountToken }: Source,
  mode: number,
): readonly (readonly [string, VolumeFile])[] {
  const { objects, pod, tokens } = input;
  const namespace = pod.metadata.namespace ?? 'default';
  if (configMap !== undefined) {
    const found = objects.configMaps.get(configMap.name);
    if (found === undefined && configMap.optional !== true) throw new Error(`configmap ${JSON.stringify(configMap.name)} not found`);
    const texts = Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
    return pick({ data: new Map([...texts, ...decoded(found?.binaryData)]), source: configMap, mode, where: `configmap "${namespace}/${configMap.name}"` });
  }
  if (secret !== undefined) {
    const found = objects.secrets.get(secret.name);
    if (found === undefined && secret.optional !== true) throw new Error(`secret ${JSON.stringify(secret.name)} not found`);
    return pick({ data: new Map(decoded(found?.data)), source: secret, mode, where: `secret "${namespace}/${secret.name}"` });
  }
  if (serviceAccountToken !== undefined) {
    const { path } = serviceAccountToken;
    return [[path, { content: Buffer.from(tokens.get(path) ?? ''), mode }]];
  }
  return (downwardAPI?.items ?? []).map((item) => [item.path, { content: Buffer.from(downward(input, item)), mode: item.mode ?? mode }]);
}

const decoded = (data: Readonly<Record<string, string>> = {}): readonly (readonly [string, Buffer])[] =>
  Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]);

function pick(from: {
  readonly data: ReadonlyMap<string, Buffer>;
  readonly source: ObjectSource;
  readonly mode: number;
  readonly where: string;
}): readonly (readonly [string, VolumeFile])[] {
  const { data, source, mode, where } = from;
  if (source.items === undefined) return [...data].map(([key, content]) => [key, { content, mode }]);
  return source.items.flatMap((item) => {
    const content = data.get(item.key);
    if (content === undefined && source.optional === true) return [];
    if (content === undefined) throw new Error(`references non-existent ${where.startsWith('secret') ? 'secret' : 'config'} key: ${item.key}`);
    return [[item.path, { content, mode: item.mode ?? mode }] as const];
  });
}

function downward(input: VolumeFilesInput, { fieldRef, resourceFieldRef }: DownwardItem): string {
  if (fieldRef !== undefined) return podField(input, fieldRef.fieldPath);
  const { spec } = input.pod;
  const container = [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === resourceFieldRef?.containerName);
  if (resourceFieldRef === undefined || container === undefined) throw new Error('container of a resourceFieldRef not found');
  return resourceField(input, container as Container, resourceFieldRef);
}
