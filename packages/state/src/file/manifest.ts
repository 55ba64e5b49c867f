import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CorruptStateError, StateFormatError } from '../errors.ts';
import type { Revision } from '../store.ts';
import type { FileSystem } from './file-system.ts';
import { FORMAT } from './format.ts';

/** What a directory with state holds: replaced as a whole, it is what makes a change of the set of files happen at one instant. */
export interface Manifest {
  /** The version of the form of the files. */
  readonly format: number;
  /** The segments, in the order of their numbers. A file that is not named is none of the state. */
  readonly segments: readonly number[];
  /** A number that no segment had yet. */
  readonly next: number;
  /** A revision that the state has reached, whatever the segments say. */
  readonly revision: Revision;
  /** A revision before which nothing is retained. */
  readonly compacted: Revision;
}

/** The manifest's file. */
export function manifestPath(directory: string): string {
  return join(directory, 'manifest.json');
}

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/** The text of a manifest. */
export function formatManifest(manifest: Manifest): string {
  const text = JSON.stringify(manifest);
  return `{"kybernState":${text},"checksum":"${checksumOf(text)}"}\n`;
}

/**
 * Reads a manifest.
 *
 * @throws {StateFormatError} it is of a newer version
 * @throws {CorruptStateError} it is damaged
 */
export function parseManifest(text: string, path: string): Manifest {
  const damaged = (what: string): CorruptStateError => new CorruptStateError(path, 0, what);
  let outer: { readonly kybernState?: Manifest; readonly checksum?: unknown } | null;
  try {
    outer = JSON.parse(text) as typeof outer;
  } catch {
    throw damaged('it is not JSON');
  }
  const manifest = outer?.kybernState;
  if (manifest === undefined || typeof manifest.format !== 'number') throw damaged('it is not a manifest of kybern state');
  if (manifest.format > FORMAT) throw newerFormat(path, manifest.format);
  if (outer?.checksum !== checksumOf(JSON.stringify(manifest))) throw damaged('its checksum is wrong');
  return manifest;
}

/** The error of files that a newer version wrote. */
export function newerFormat(path: string, format: number): StateFormatError {
  return new StateFormatError(path, `the state is of format ${format}, and this version of kybern knows formats up to ${FORMAT}; use a newer version`);
}

/** Reads the manifest of a directory; undefined when there is none. @throws as {@link parseManifest} */
export async function readManifest(files: FileSystem, directory: string): Promise<Manifest | undefined> {
  const path = manifestPath(directory);
  try {
    return parseManifest((await files.readFile(path)).toString(), path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether a file does not exist. */
export const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Makes the files of one format those of the next. It may be cut off at any instant and start anew. */
export type Migration = (files: FileSystem, directory: string, manifest: Manifest) => Promise<Manifest>;

/** How each older format becomes the next one. Format 1 is the first: there is nothing to migrate from yet. */
export const MIGRATIONS: Readonly<Record<number, Migration>> = {};

/** Brings a directory to this version's format. @throws {StateFormatError} there is no way */
export async function migrate(
  files: FileSystem,
  directory: string,
  { manifest, migrations = MIGRATIONS, format = FORMAT }: { manifest: Manifest; migrations?: Readonly<Record<number, Migration>>; format?: number },
): Promise<Manifest> {
  let current = manifest;
  while (current.format < format) {
    const step = migrations[current.format];
    if (step === undefined) throw new StateFormatError(directory, `the state is of format ${current.format}, from which there is no way to format ${format}`);
    current = await step(files, directory, current);
    await files.replaceFile(manifestPath(directory), formatManifest(current));
  }
  return current;
}
