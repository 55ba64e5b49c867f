import { constants } from 'node:fs';
import { access, open, readdir, rename, rm, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** How deep directories are followed; deeper ones are moved up first, so that no tree can use up this process's open files. */
const MAX_DEPTH = 32;
const DESCRIPTORS = '/proc/self/fd';
const NO_LINK = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Removes what is called `name` in the directory `parent`, with everything in it. What is not there is removed.
 *
 * Symbolic links are removed, never followed, whoever changes the tree meanwhile: on Linux every step begins at an open directory, not at a path that somebody
 * could turn elsewhere. Where the system does not allow that, it is done by path.
 */
export async function removeTree(parent: string, name: string, signal: AbortSignal): Promise<void> {
  if (!(await canGoByDescriptor())) return await rm(join(parent, name), { recursive: true, force: true });
  const around = await open(parent, NO_LINK);
  try {
    const path = `${place(around)}/${name}`;
    const top = await openDirectory(path);
    if (top === undefined) return await ignoring(unlink(path), 'ENOENT');
    try {
      await empty(top, signal);
    } finally {
      await top.close();
    }
    await ignoring(rmdir(path), 'ENOENT');
  } finally {
    await around.close();
  }
}

interface Removal {
  /** Where directories that are too deep are moved to: the top of the tree, so that the next look finds them, also that of another process. */
  readonly top: string;
  /** Gives names that are not there yet. */
  readonly newName: () => string;
  readonly depth: number;
  readonly signal: AbortSignal;
}

async function empty(top: FileHandle, signal: AbortSignal): Promise<void> {
  await top.chmod(0o700);
  for (let round = 0; ; round++) {
    const entries = await readdir(place(top));
    if (entries.length === 0) return;
    const taken = new Set(entries);
    let count = 0;
    const newName = (): string => {
      for (;;) {
        const found = `.deep-${String(round)}-${String(count++)}`;
        if (!taken.has(found)) return found;
      }
    };
    for (const entry of entries) await removeEntry(place(top), entry, { top: place(top), newName, depth: 1, signal });
  }
}

async function removeEntry(parent: string, name: string, removal: Removal): Promise<void> {
  const { top, newName, depth, signal } = removal;
  signal.throwIfAborted();
  const path = `${parent}/${name}`;
  const directory = await openDirectory(path);
  if (directory === undefined) return await ignoring(unlink(path), 'ENOENT');
  try {
    await directory.chmod(0o700);
    for (const entry of await readdir(place(directory))) {
      if (depth < MAX_DEPTH) await removeEntry(place(directory), entry, { ...removal, depth: depth + 1 });
      else await rename(`${place(directory)}/${entry}`, `${top}/${newName()}`);
    }
  } finally {
    await directory.close();
  }
  await ignoring(rmdir(path), 'ENOENT');
}

/** Undefined: it is no directory, or not there. */
async function openDirectory(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, NO_LINK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENOENT') return undefined;
    throw error;
  }
}

const place = ({ fd }: FileHandle): string => `${DESCRIPTORS}/${String(fd)}`;

async function canGoByDescriptor(): Promise<boolean> {
  return await access(DESCRIPTORS).then(
    () => true,
    () => false,
  );
}

async function ignoring(call: Promise<void>, code: string): Promise<void> {
  try {
    await call;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  }
}
