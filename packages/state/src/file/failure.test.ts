import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gather, keyOf, put, trace, view, views, write } from '../conformance/fixtures.ts';
import { nodeFileSystem, type FileSystem, type StateFile } from './file-system.ts';
import { openFileStore, type FileStore } from './file-store.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kybern-state-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The machine's disk, whose files do what `broken` says once it says something. */
function disk(broken: () => Partial<StateFile> | undefined): FileSystem {
  const files = nodeFileSystem();
  return {
    ...files,
    async open(path, mode) {
      const file = await files.open(path, mode);
      return {
        ...file,
        writeSynced: undefined,
        write: (buffers, position) => (broken()?.write ?? file.write)(buffers, position),
        sync: () => (broken()?.sync ?? file.sync)(),
      };
    },
  };
}

const fails = (code: string) => (): Promise<never> => Promise.reject(Object.assign(new Error(`${code}: injected`), { code }));

describe('a durable store whose disk fails', () => {
  it.each([
    ['is full', { write: fails('ENOSPC') }, /takes no more writes: the disk is full: make room, then start again/],
    ['cannot write', { write: fails('EIO') }, /takes no more writes: EIO: injected; start again once the disk is well/],
    ['cannot flush', { sync: fails('EIO') }, /takes no more writes: EIO: injected/],
    ['takes nothing of a write', { write: () => Promise.resolve(0) }, /took none of the bytes/],
  ] as const)('because it %s acknowledges nothing more, says why, and goes on being read', async (_, fault, message) => {
    let broken: Partial<StateFile> | undefined;
    const told: Error[] = [];
    const store: FileStore = await openFileStore({ directory, files: disk(() => broken), onFailure: (error) => told.push(error) });
    await write(store, 'a', '1');
    const watched = gather(store.watch('/', 0));
    broken = fault;
    const outcomes = await Promise.allSettled([write(store, 'a', '2'), write(store, 'b', '1'), store.commit([put('a', '3', 2)])]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    broken = undefined;
    await expect(write(store, 'c')).rejects.toThrow(message);
    await expect(write(store, 'c')).rejects.toMatchObject({ name: 'StateWriteError' });
    expect([told.length, store.failure]).toEqual([1, told[0]]);
    expect([store.revision, views(await store.range('/')), view(await store.get(keyOf('a')))]).toEqual([1, ['a=1@1'], 'a=1@1']);
    expect((await watched.until(1)).map(trace)).toEqual(['put a=1@1']);
    await store[Symbol.asyncDispose]();

    await using again = await openFileStore({ directory });
    expect(again.revision).toBeGreaterThanOrEqual(1);
    await write(again, 'd');
  });

  it('in short writes loses nothing', async () => {
    const whole = nodeFileSystem();
    const files: FileSystem = {
      ...whole,
      async open(path, mode) {
        const file = await whole.open(path, mode);
        return { ...file, writeSynced: undefined, write: (buffers, position) => file.write([Buffer.concat(buffers).subarray(0, 100)], position) };
      },
    };
    {
      await using store = await openFileStore({ directory, files, segmentBytes: 4096 });
      await Promise.all(Array.from({ length: 30 }, (_, at) => write(store, `k${at}`, 'x'.repeat(at * 7))));
    }
    await using store = await openFileStore({ directory });
    expect((await store.range('/')).records).toHaveLength(30);
  });
});
