/** All files of a container together. */
const MAX_BYTES = 64 * 2 ** 20;

/** A container's files in memory: enough for `cat`, `ls`, `tar` and `kubectl cp`. Paths are absolute; names are text, content is bytes. */
export interface SimulatedFiles {
  /** Undefined when there is no such file. */
  read(path: string): Uint8Array | undefined;
  /** Makes the folders above it. @throws {RangeError} when all files together would be larger than 64 MiB */
  write(path: string, content: Uint8Array): void;
  makeDirectory(path: string): void;
  isDirectory(path: string): boolean;
  /** Removes a file, or a folder with all that is in it. False when there is none. */
  remove(path: string): boolean;
  /** The paths of all files and folders at or below a path, sorted. */
  walk(path: string): readonly string[];
}

/** The absolute form of a path without `.`, `..` and doubled slashes. `..` never leads above the root. */
export function normalizePath(path: string, folder = '/'): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${folder}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Makes a file system with the folders `/` and `/tmp`. */
export function createSimulatedFiles(): SimulatedFiles {
  const files = new Map<string, Uint8Array>();
  const folders = new Set<string>(['/', '/tmp']);
  let bytes = 0;
  const makeDirectory = (path: string): void => {
    for (let folder = normalizePath(path); folder !== '/'; folder = parentOf(folder)) folders.add(folder);
  };
  const walk = (path: string): readonly string[] => {
    const root = normalizePath(path);
    const below = root === '/' ? '/' : `${root}/`;
    return [...folders, ...files.keys()].filter((each) => each === root || each.startsWith(below)).sort();
  };
  return {
    read: (path) => files.get(normalizePath(path)),
    write(path, content) {
      const at = normalizePath(path);
      const size = bytes - (files.get(at)?.byteLength ?? 0) + content.byteLength;
      if (size > MAX_BYTES) throw new RangeError('No space left on device');
      if (folders.has(at)) throw new RangeError('Is a directory');
      makeDirectory(parentOf(at));
      files.set(at, content);
      bytes = size;
    },
    makeDirectory,
    isDirectory: (path) => folders.has(normalizePath(path)),
    remove(path) {
      const gone = walk(path);
      for (const each of gone) {
        bytes -= files.get(each)?.byteLength ?? 0;
        files.delete(each);
        if (each !== '/' && each !== '/tmp') folders.delete(each);
      }
      return gone.length > 0;
    },
    walk,
  };
}

/** The folder that something is in. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
