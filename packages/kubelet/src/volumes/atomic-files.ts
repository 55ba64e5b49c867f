import { chmod, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VolumeFile } from '../decisions/volume-files.ts';

const DATA = '..data';
const DATA_NEXT = '..data_tmp';

/**
 * Writes the files of a volume so that whoever reads sees all of the old or all of the new ones: they are in a folder of their own, to which `..data` points, and
 * that link is replaced at once. What has not changed is not written.
 *
 * @param stamp names the new folder; it must not have been used before
 * @see kubernetes v1.36 pkg/volume/util/atomic_writer.go
 */
export async function writeAtomically(folder: string, files: ReadonlyMap<string, VolumeFile>, stamp: string): Promise<void> {
  for (const path of files.keys()) if (path.startsWith('/') || path.split('/').includes('..')) throw new Error(`invalid path ${JSON.stringify(path)}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const before = await readlink(join(folder, DATA)).catch(() => undefined); // there is none at first
  if (before !== undefined && (await isSame(join(folder, before), files))) return;
  const name = `..${stamp}`;
  try {
    await writeFiles(join(folder, name), files);
  } catch (error) {
    // On a disk that is full what could not be finished would keep it full.
    await rm(join(folder, name), { recursive: true, force: true });
    throw error;
  }
  // An agent that was killed may have left one.
  await rm(join(folder, DATA_NEXT), { force: true });
  await symlink(name, join(folder, DATA_NEXT));
  await rename(join(folder, DATA_NEXT), join(folder, DATA));
  await linkTops(folder, files);
  for (const other of await readdir(folder))
    if (other.startsWith('..') && other !== DATA && other !== name) await rm(join(folder, other), { recursive: true, force: true });
}

async function writeFiles(folder: string, files: ReadonlyMap<string, VolumeFile>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const [path, { content, mode }] of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, content);
    await chmod(file, mode);
  }
}

/** What the volume shows: links through `..data`, for the first part of each path. */
async function linkTops(folder: string, files: ReadonlyMap<string, VolumeFile>): Promise<void> {
  const tops = new Set([...files.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of await readdir(folder)) if (!name.startsWith('..') && !tops.delete(name)) await rm(join(folder, name), { force: true });
  for (const name of tops) await symlink(join(DATA, name), join(folder, name));
}

async function isSame(folder: string, files: ReadonlyMap<string, VolumeFile>): Promise<boolean> {
  const present = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []); // removed by somebody: written anew
  if (present.filter((entry) => !entry.isDirectory()).length !== files.size) return false;
  for (const [path, { content }] of files) {
    const now = await readFile(join(folder, path)).catch(() => undefined); // not there: written anew
    if (now === undefined || !now.equals(content)) return false;
  }
  return true;
}
