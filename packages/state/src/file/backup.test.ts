import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { del, gather, put, trace, view, write } from '../conformance/fixtures.ts';
import { backupState, restoreState, verifyState } from './backup.ts';
import { openFileStore, type FileStore } from './file-store.ts';

let root: string;
let directory: string;
let file: string;
let restored: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kybern-backup-'));
  [directory, file, restored] = [join(root, 'state'), join(root, 'backup'), join(root, 'restored')];
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (where = directory): Promise<FileStore> => openFileStore({ directory: where, segmentBytes: 4096 });

async function fill(store: FileStore, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await store.commit([at % 5 === 4 ? del(`k${at % 7}`) : put(`k${at % 7}`, 'x'.repeat(100) + at)]);
}

describe('a backup', () => {
  it('of a store that is in use has everything that was acknowledged, and watches resume on what is restored', async () => {
    await using store = await open();
    await fill(store, 60);
    const writing = fill(store, 60);
    const { revision } = store;
    const summary = await backupState({ directory, file });
    await writing;
    expect(summary.revision).toBeGreaterThanOrEqual(revision);
    expect(await restoreState({ directory: restored, file })).toMatchObject({ revision: summary.revision });

    await using copy = await open(restored);
    expect(copy.revision).toBe(summary.revision);
    const at = { at: summary.revision };
    expect((await copy.range('/')).records.map(view)).toEqual((await store.range('/', at)).records.map(view));
    const from = Math.max(copy.compactedRevision, summary.revision - 10);
    const told = gather(copy.watch('/', from));
    await write(copy, 'new');
    const expected = store
      .cursor('/', from)
      .read()
      .filter((event) => event.revision <= summary.revision);
    expect((await told.until(expected.length + 1)).map(trace)).toEqual([...expected.map(trace), `put new=@${summary.revision + 1}`]);
  });

  it('can be restored at a revision that nobody has seen: watches of what came after it expire', async () => {
    let seen = 0;
    let before: (string | undefined)[] = [];
    {
      await using store = await open();
      await fill(store, 20);
      await backupState({ directory, file });
      before = (await store.range('/')).records.map(view);
      await fill(store, 30);
      seen = store.revision;
    }
    const { revision } = await verifyState({ path: file });
    await expect(restoreState({ directory: restored, file, bumpRevision: -1 })).rejects.toThrow(/bumpRevision/);
    expect(await restoreState({ directory: restored, file, bumpRevision: 1000 })).toMatchObject({ revision: revision + 1000, compacted: revision + 1000 });
    for (const opening of [1, 2]) {
      await using copy = await open(restored);
      expect(copy.revision).toBe(revision + 999 + opening);
      expect((await copy.range('/')).records.map(view).slice(0, before.length)).toEqual(before);
      expect(await gather(copy.watch('/', seen)).over()).toMatchObject({ error: { name: 'ExpiredError' } });
      const told = gather(copy.watch('/', revision + 1000));
      expect((await write(copy, `new-${opening}`)).revision).toBe(revision + 1000 + opening);
      expect((await told.until(opening)).map(trace).at(-1)).toBe(`put new-${opening}=@${revision + 1000 + opening}`);
    }
  });

  it('of a store that is closed is the same', async () => {
    const revision = await open().then(async (store) => {
      await fill(store, 30);
      await store[Symbol.asyncDispose]();
      return store.revision;
    });
    const progress: number[] = [];
    await backupState({ directory, file, onProgress: (done, total) => progress.push(done / total) });
    expect(progress.at(-1)).toBe(1);
    expect(await verifyState({ path: file })).toMatchObject({ revision, format: 1 });
    expect(await verifyState({ path: directory })).toMatchObject({ revision, format: 1 });
  });

  it('that is damaged anywhere is not restored', async () => {
    await open().then(async (store) => {
      await fill(store, 12);
      await store[Symbol.asyncDispose]();
    });
    await backupState({ directory, file });
    const whole = await readFile(file);
    for (let at = 0; at < whole.length; at += 1 + (at % 97)) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8((flipped[at] as number) ^ 0x04, at);
      await writeFile(file, flipped);
      await expect(verifyState({ path: file }), `byte ${at}`).rejects.toMatchObject({ path: file });
    }
    for (const length of [0, 63, 64, 90, whole.length - 1]) {
      await writeFile(file, whole.subarray(0, length));
      await expect(restoreState({ directory: restored, file })).rejects.toThrow(/ends too early/);
    }
    await writeFile(file, whole);
    await restoreState({ directory: restored, file });
  });

  it('is not restored over a state, nor over anything else', async () => {
    await using store = await open();
    await write(store, 'a');
    await backupState({ directory, file });
    await expect(restoreState({ directory, file })).rejects.toThrow(/there is a state in this directory already; restore into another one/);
    const other = await mkdtemp(join(root, 'other-'));
    await writeFile(join(other, 'thesis.txt'), '');
    await expect(restoreState({ directory: other, file })).rejects.toThrow(/the directory is not empty \("thesis.txt"\)/);
    expect(await readdir(other)).toEqual(['thesis.txt']);
  });

  it('is told from other files, and needs a state', async () => {
    await writeFile(file, 'x'.repeat(100));
    await expect(verifyState({ path: file })).rejects.toThrow(/it is not a backup of kybern state/);
    await expect(backupState({ directory: root, file })).rejects.toThrow(/there is no state in this directory/);
    await expect(verifyState({ path: root })).rejects.toThrow(/there is no state in this directory/);
  });

  it('that was given up leaves nothing behind', async () => {
    await using store = await open();
    await write(store, 'a');
    await expect(backupState({ directory, file, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect((await readdir(root)).sort()).toEqual(['state']);
  });
});
