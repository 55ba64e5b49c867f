import { join } from 'node:path';
import { StateLockedError } from '../errors.ts';
import type { FileSystem } from './file-system.ts';

/**
 * Takes the exclusive hold of a directory, until it is disposed or the process ends, however it ends. It is a lock on a file that the system releases when the process dies, so a lock is never stale; SQLite, which
 * comes with Node, is how a file can be locked without an add-on, on every system.
 *
 * @throws {StateLockedError} another process has it, or this one has already
 */
export async function lockDirectory(files: Pick<FileSystem, 'readFile' | 'replaceFile' | 'remove'>, directory: string): Promise<AsyncDisposable> {
  const { DatabaseSync } = await import('node:sqlite');
  const holder = join(directory, 'holder');
  const database = new DatabaseSync(join(directory, 'lock'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new StateLockedError(directory, await pidIn(files, holder), { cause: error });
  }
  try {
    await files.replaceFile(holder, `${process.pid}\n`);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await files.remove(holder).catch(() => undefined);
      database.close();
    },
  };
}

const SQLITE_BUSY = 5;

const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

async function pidIn(files: Pick<FileSystem, 'readFile'>, path: string): Promise<number | undefined> {
  try {
    const pid = Number((await files.readFile(path)).toString().trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
