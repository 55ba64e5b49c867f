import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StateWriteError } from '../errors.ts';
import { lockDirectory } from './lock.ts';

/** An open file, as far as the store needs one. Positions and lengths in bytes. */
export interface StateFile {
  /** How long the file is. */
  size(): Promise<number>;
  /** Reads into the buffer; returns how much it could, which is less at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes the buffers one after the other; returns how many bytes were written, which may be fewer. */
  write(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Resolves once what was written will survive a loss of power. After it rejected, nothing is known of what was written since it resolved last. */
  sync(): Promise<void>;
  /**
   * Writes all of the buffers and makes them durable, in one call of the system: for what is small this is faster than `write` and `sync`. It rejects as
   * `sync` does. Left out where the system has no such call.
   */
  readonly writeSynced?: ((buffers: readonly Uint8Array[], position: number) => Promise<void>) | undefined;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The file system under a durable store: a port, so that tests can let disks fail. All functions reject with what the system says (`code`). */
export interface FileSystem {
  /** `create`: a new, empty file; the other two need one that exists. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<StateFile>;
  readFile(path: string): Promise<Buffer>;
  /** Replaces a file as a whole: afterwards it has the old content or the new one, whatever happens. */
  replaceFile(path: string, content: string | Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  list(directory: string): Promise<readonly string[]>;
  makeDirectory(directory: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Takes a directory for this process alone. @throws {StateLockedError} another one has it */
  lock(directory: string): Promise<AsyncDisposable>;
  /** Makes what was created, renamed and removed in a directory survive a loss of power. */
  syncDirectory(directory: string): Promise<void>;
}

/** The machine's file system. */
export function nodeFileSystem(): FileSystem {
  const files: FileSystem = {
    open: openFile,
    readFile: (path) => readFile(path),
    async replaceFile(path, content) {
      const next = `${path}.next`;
      await writeFile(next, content, { mode: 0o600, flush: true });
      await rename(next, path);
      await files.syncDirectory(dirname(path));
    },
    rename: (from, to) => rename(from, to),
    list: (directory) => readdir(directory),
    async makeDirectory(directory) {
      const first = await mkdir(directory, { recursive: true, mode: 0o700 });
      if (first !== undefined) await files.syncDirectory(dirname(first));
    },
    lock: (directory) => lockDirectory(files, directory),
    remove: (path) => rm(path, { force: true }),
    async syncDirectory(directory) {
      // Windows cannot open directories; there, entries are journalled by the system.
      if (process.platform === 'win32') return;
      const handle = await open(directory, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
  return files;
}

const FLAGS = { read: 'r', write: 'r+', create: 'wx+' } as const;

async function openFile(path: string, mode: 'read' | 'write' | 'create'): Promise<StateFile> {
  const handle = await open(path, FLAGS[mode], 0o600);
  const write = (buffers: readonly Uint8Array[], position: number): Promise<number> => writeTo(handle, buffers, position);
  const synced = mode === 'read' || !HAS_SYNCED_WRITES ? undefined : syncedWriter(path);
  return {
    size: async () => (await handle.stat()).size,
    async read(buffer, position) {
      let total = 0;
      while (total < buffer.length) {
        const { bytesRead } = await handle.read(buffer, total, Math.min(buffer.length - total, MAX_READ), position + total);
        if (bytesRead === 0) break;
        total += bytesRead;
      }
      return total;
    },
    write,
    writeSynced: synced?.write,
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    async close() {
      await synced?.close();
      await handle.close();
    },
  };
}

/** Elsewhere `O_DSYNC` is not there, or less than a flush. */
const HAS_SYNCED_WRITES = process.platform === 'linux';

/** Writes to a file that are durable when they return; the file is opened for it at the first one. */
function syncedWriter(path: string): { write: NonNullable<StateFile['writeSynced']>; close: () => Promise<void> } {
  let opened: Promise<FileHandle> | undefined;
  return {
    async write(buffers, position) {
      opened ??= open(path, constants.O_WRONLY | constants.O_DSYNC);
      await writeAll({ write: writeTo.bind(undefined, await opened) }, buffers, position);
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

async function writeTo(handle: FileHandle, buffers: readonly Uint8Array[], position: number): Promise<number> {
  const [first] = buffers;
  if (buffers.length === 1 && first !== undefined) return (await handle.write(first, 0, first.length, position)).bytesWritten;
  return (await handle.writev(buffers as Uint8Array[], position)).bytesWritten;
}

/** One call cannot read 2 GiB. */
const MAX_READ = 1 << 30;

/** Writes all of the buffers, however many calls it takes. @throws {StateWriteError} the disk takes no more */
export async function writeAll(file: Pick<StateFile, 'write'>, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let rest = buffers;
  let at = position;
  while (rest.length > 0) {
    const written = await file.write(rest.slice(0, MAX_BUFFERS), at);
    if (written <= 0) throw new StateWriteError('the disk took none of the bytes of a write');
    at += written;
    rest = after(rest, written);
  }
}

/** The system takes so many buffers in one call. */
const MAX_BUFFERS = 1024;

/** What is left of buffers after so many bytes. */
function after(buffers: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skip = bytes;
  for (const [at, buffer] of buffers.entries()) {
    if (skip < buffer.length) return skip === 0 ? buffers.slice(at) : [buffer.subarray(skip), ...buffers.slice(at + 1)];
    skip -= buffer.length;
  }
  return [];
}
