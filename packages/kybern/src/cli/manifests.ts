import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { KindRegistry } from '@kybern/apiserver';
import { isApiError, isJsonObject, type Kind, type KubernetesObject, type ObjectInput } from '@kybern/core';
import { readManifests, type Manifest } from '@kybern/core/manifests';
import { CliError } from './errors.ts';

/** One document of a manifest file, with its kind found. */
export interface LoadedManifest {
  /** As the person gave it. */
  readonly file: string;
  /** From 1. */
  readonly document: number;
  readonly kind: Kind;
  readonly object: ObjectInput<KubernetesObject>;
}

const EXTENSIONS = ['.yaml', '.yml', '.json'];

/**
 * Reads manifests from files and folders (not their sub-folders), in the order of the arguments and of the names within a folder.
 *
 * @throws {CliError} naming the file, the document and the reason
 */
export async function loadManifests(
  paths: readonly string[],
  options: { readonly cwd: string; readonly kinds: KindRegistry },
): Promise<readonly LoadedManifest[]> {
  const manifests: LoadedManifest[] = [];
  for (const path of paths) {
    for (const file of await filesOf(path, options.cwd)) manifests.push(...(await loadFile(file, options)));
  }
  return manifests;
}

async function filesOf(path: string, cwd: string): Promise<readonly string[]> {
  const absolute = isAbsolute(path) ? path : join(cwd, path);
  try {
    if (!(await stat(absolute)).isDirectory()) return [path];
    const names = (await readdir(absolute)).filter((name) => EXTENSIONS.some((extension) => name.endsWith(extension)));
    if (names.length === 0) throw new CliError(`${path}: the folder has no ${EXTENSIONS.join(', ')} files`);
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function loadFile(file: string, { cwd, kinds }: { readonly cwd: string; readonly kinds: KindRegistry }): Promise<readonly LoadedManifest[]> {
  let text: string;
  try {
    text = await readFile(isAbsolute(file) ? file : join(cwd, file), 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
  return parse(text, file).map(({ document, object }) => {
    const { apiVersion, kind: name, metadata } = object;
    const where = `${file}, document ${String(document)}`;
    const kind = kinds.find(apiVersion, name);
    if (kind === undefined) throw new CliError(`${where}: no matches for kind "${name}" in version "${apiVersion}"`);
    const objectName = isJsonObject(metadata) ? metadata.name : undefined;
    if (typeof objectName !== 'string' || objectName === '') throw new CliError(`${where} (${name}): metadata.name: Required value: name is required`);
    return { file, document, kind, object: object as unknown as ObjectInput<KubernetesObject> }; // what else it holds is the server's to validate
  });
}

function parse(text: string, file: string): readonly Manifest[] {
  try {
    return readManifests(text, { file });
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function unreadable(path: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const why =
    code === 'ENOENT' ? 'there is no such file or folder' : code === 'EACCES' ? 'permission denied' : error instanceof Error ? error.message : String(error);
  return new CliError(`${path}: ${why}`, { cause: error });
}

/** An API error told with the document that caused it: file, document number, and each field with its reason. */
export function manifestError(manifest: LoadedManifest, error: unknown): CliError {
  const where = `${manifest.file}, document ${String(manifest.document)} (${manifest.kind.kind} "${manifest.object.metadata.name ?? ''}")`;
  const causes = isApiError(error) ? (error.details?.causes ?? []) : [];
  const fields = causes.filter((cause) => cause.field !== undefined && cause.field !== '');
  if (fields.length > 0)
    return new CliError(fields.map((cause) => `${where}: ${cause.field ?? ''}: ${cause.message ?? cause.reason ?? ''}`).join('\n'), { cause: error });
  return new CliError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
