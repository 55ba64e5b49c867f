import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { del, gather, keyOf, put, thing, trace, view, views, write } from '../conformance/fixtures.ts';
import { CorruptStateError } from '../errors.ts';
import type { StateStore } from '../store.ts';
import { openFileStore, type FileStore, type FileStoreOptions } from './file-store.ts';
import { formatManifest, manifestPath, migrate, parseManifest, type Manifest, type Migration } from './manifest.ts';
import { nodeFileSystem, type FileSystem } from './file-system.ts';
import { scanSegment } from './scan.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kybern-state-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (options: Partial<FileStoreOptions> = {}): Promise<FileStore> => openFileStore({ directory, ...options });

async function withStore<T>(use: (store: FileStore) => Promise<T>, options: Partial<FileStoreOptions> = {}): Promise<T> {
  await using store = await open(options);
  return await use(store);
}

const segments = async (): Promise<string[]> => (await readdir(directory)).filter((name) => name.startsWith('segment-')).sort();

/** Everything that can be seen of a store. */
async function picture(store: StateStore): Promise<unknown> {
  const { records } = await store.range('/');
  const history = store.cursor('/', store.compactedRevision);
  const events = history.read(1e6);
  history.close();
  return {
    revision: store.revision,
    compacted: store.compactedRevision,
    records: records.map((record) => [view(record), record.createRevision, record.version, Buffer.from(record.bytes()).toString()]),
    events: events.map((event) => [trace(event), view(event.previous)]),
  };
}

describe('a durable store that is opened again', () => {
  it('has its objects, revisions and history', async () => {
    const before = await withStore(async (store) => {
      await store.commit([put('a', '1'), put('b', '1')]);
      await write(store, 'a', '2');
      await store.commit([del('b'), put('c', '1')]);
      await write(store, 'b', '2');
      await store.commit([del('a')]);
      return picture(store);
    });
    expect(await withStore(picture)).toEqual(before);
  });

  it('lets a watch resume: nothing is missed, nothing told twice', async () => {
    const { revision } = await withStore((store) => write(store, 'a', '1'));
    await withStore(async (store) => {
      await write(store, 'b', '1');
      await store.commit([del('a')]);
    });
    await withStore(async (store) => {
      const watched = gather(store.watch('/', revision));
      await write(store, 'c', '1');
      expect((await watched.until(3)).map(trace)).toEqual([`put b=1@${revision + 1}`, `delete a=1@${revision + 2}`, `put c=1@${revision + 3}`]);
    });
  });

  it('does not repeat the revision of a delete that nothing is left of', async () => {
    const revision = await withStore(async (store) => {
      await write(store, 'a', '1');
      const deleted = await store.commit([del('a')]);
      await store.compact(deleted.revision);
      return store.revision;
    });
    await withStore(async (store) => {
      expect([store.revision, store.compactedRevision]).toEqual([revision, revision]);
      expect((await write(store, 'a')).revision).toBe(revision + 1);
    });
  });

  it('does not bring back what was compacted', async () => {
    await withStore(async (store) => {
      await write(store, 'a', '1');
      await write(store, 'a', '2');
      await store.compact(2);
    });
    await withStore(async (store) => {
      expect(store.compactedRevision).toBe(2);
      await expect(store.get(keyOf('a'), { at: 1 })).rejects.toMatchObject({ name: 'ExpiredError' });
    });
  });

  it('keeps as much history as it is told to', async () => {
    await withStore(async (store) => {
      for (let at = 0; at < 100; at += 1) await write(store, 'a', String(at));
    });
    await withStore(
      async (store) => {
        expect(store.compactedRevision).toBeGreaterThanOrEqual(80);
        expect(store.cursor('/', store.compactedRevision).read().length).toBe(100 - store.compactedRevision);
      },
      { historyLimit: 20 },
    );
  });

  it('keeps text of any language, and the annex beside it', async () => {
    const notes = new WeakMap<object, string>();
    const annex: FileStoreOptions['annex'] = { of: (object) => notes.get(object), attach: (object, text) => notes.set(object, text) };
    const value = thing('a', 'Größe 東京 🚀');
    notes.set(value, 'né à côté');
    await withStore((store) => store.commit([{ key: '/registry/ключ', value }]), { annex });
    await withStore(
      async (store) => {
        const record = await store.get('/registry/ключ');
        expect(view(record)).toBe('a=Größe 東京 🚀@1');
        expect(notes.get(record?.value as object)).toBe('né à côté');
      },
      { annex },
    );
  });

  it('takes objects that are larger than what it writes at once', async () => {
    const data = 'x'.repeat(3_000_000);
    await withStore((store) => store.commit([put('a', data), put('b', 'small')]));
    await withStore(async (store) => {
      expect((await store.get(keyOf('a')))?.bytes().length).toBeGreaterThan(3_000_000);
      expect(view(await store.get(keyOf('b')))).toBe('b=small@1');
    });
  });

  it('keeps going over many files, and gives back the space of what was replaced', async () => {
    const options = { segmentBytes: 8192, historyLimit: 10 };
    const before = await withStore(async (store) => {
      for (let at = 0; at < 600; at += 1) await store.commit([at % 7 === 3 ? del(`k${at % 11}`) : put(`k${at % 11}`, 'x'.repeat(100) + at)]);
      await store.defragment();
      return picture(store);
    }, options);
    expect((await segments()).length).toBeLessThan(10);
    expect(await withStore(picture, options)).toEqual(before);
  });

  it('does not bring deleted objects back when the deletes are cleaned away', async () => {
    const options = { segmentBytes: 4096, historyLimit: 1 };
    await withStore(async (store) => {
      for (let at = 0; at < 200; at += 1) await write(store, `stays-${at}`, 'x'.repeat(50));
      for (let at = 0; at < 200; at += 1) {
        await write(store, `goes-${at}`, 'x'.repeat(50));
        await store.commit([del(`goes-${at}`)]);
        if (at % 50 === 0) await store.defragment();
      }
      await store.defragment();
    }, options);
    await withStore(async (store) => {
      const { records } = await store.range('/');
      expect(records.filter(({ key }) => key.includes('goes-'))).toEqual([]);
      expect(records).toHaveLength(200);
      expect(store.revision).toBe(600);
    }, options);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('holds what was written and deleted last, however it was cleaned and opened again (seed %i)', async (seed) => {
    const random = mulberry(seed);
    const options = { segmentBytes: 4096, historyLimit: 4, files: unsynced() };
    const model = new Map<string, string>();
    for (let opening = 0; opening < 8; opening += 1) {
      await withStore(async (store) => {
        const found = (await store.range('/')).records.map(({ key, value }): [string, string] => [key, (value as ReturnType<typeof thing>).spec.data]);
        expect(new Map(found)).toEqual(new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1))));
        for (let at = 0; at < 50; at += 1) {
          const isHot = random() < 0.6;
          const name = isHot ? `hot-${Math.floor(random() * 3)}` : `cold-${Math.floor(random() * 60)}`;
          const data = String(at).padEnd(isHot ? 600 : 20);
          const isDelete = !isHot && random() < 0.5;
          await store.commit([isDelete ? del(name) : put(name, data)]);
          if (isDelete) model.delete(keyOf(name));
          else model.set(keyOf(name), data);
          if (random() < 0.03) await store.defragment();
        }
      }, options);
    }
  });
});

/** Numbers between 0 and 1, the same for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The machine's disk, which need not be waited for. */
function unsynced(): FileSystem {
  const files = nodeFileSystem();
  return {
    ...files,
    syncDirectory: async () => undefined,
    open: async (path, mode) => ({ ...(await files.open(path, mode)), writeSynced: undefined, sync: async () => undefined }),
  };
}

describe('a durable store after a crash', () => {
  async function last(): Promise<string> {
    return join(directory, (await segments()).at(-1) as string);
  }

  /** The directory as a crash leaves it after `count` writes, without the marks of an orderly end. */
  async function crashed(count: number): Promise<{ file: string; ends: number[] }> {
    const ends: number[] = [];
    const copies: Buffer[] = [];
    const clock = { now: () => 0, monotonicMs: () => 0, after: () => () => undefined };
    await withStore(
      async (store) => {
        for (let at = 0; at < count; at += 1) {
          await write(store, `k${at}`, String(at));
          copies.push(await readFile(await last()));
          ends.push(usedBytes(copies.at(-1) as Buffer));
        }
      },
      { clock },
    );
    const file = await last();
    await writeFile(file, copies.at(-1) as Buffer);
    return { file, ends };
  }

  const usedBytes = (bytes: Buffer): number => {
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    return (end + 7) & ~7;
  };

  it('cuts a write off that was half done, wherever it stopped', async () => {
    const { file, ends } = await crashed(3);
    const whole = await readFile(file);
    const [, second, third] = ends as [number, number, number];
    for (const stop of [second + 1, second + 20, second + 47, second + 48, second + 60, third - 9]) {
      const torn = Buffer.from(whole);
      torn.fill(0, stop);
      await writeFile(file, torn);
      await withStore(async (store) => {
        expect(views(await store.range('/'))).toEqual(['k0=0@1', 'k1=1@2']);
        expect(store.tornBytes).toBeGreaterThan(0);
        expect((await write(store, 'new')).revision).toBe(3);
      });
    }
  });

  it('goes on after a file that ends in the middle of a write', async () => {
    const { file, ends } = await crashed(3);
    await truncate(file, (ends[2] as number) - 10);
    await withStore(async (store) => {
      expect(store.revision).toBe(2);
    });
  });

  it('names the file and the place of a flipped byte, and serves nothing', async () => {
    await withStore(async (store) => {
      for (let at = 0; at < 3; at += 1) await write(store, `k${at}`, String(at));
    });
    const file = await last();
    const whole = await readFile(file);
    // The last 48 bytes are the mark of the orderly end, without which nothing is lost.
    const end = usedBytes(whole) - 48;
    for (let at = 0; at < end; at += 1) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8((flipped[at] as number) ^ 0x10, at);
      expect(() => scanSegment(flipped, { id: 1, path: file }), `byte ${at}`).toThrow(CorruptStateError);
      if (at % 100 !== 0) continue;
      await writeFile(file, flipped);
      await expect(open()).rejects.toMatchObject({ name: 'CorruptStateError', path: file });
    }
    await writeFile(file, whole);
    expect(await withStore(async (store) => store.revision)).toBe(3);
  });

  it('misses a file that somebody removed', async () => {
    await withStore(
      async (store) => {
        for (let at = 0; at < 40; at += 1) await write(store, `k${at}`, 'x'.repeat(500));
      },
      { segmentBytes: 4096 },
    );
    const [first] = await segments();
    await rm(join(directory, first as string));
    await expect(open()).rejects.toThrow(/segment-00000001 is damaged at byte 0: it is missing/);
  });

  it('removes files that never became part of the state', async () => {
    await withStore((store) => write(store, 'a'));
    await writeFile(join(directory, 'segment-00000777'), 'left over');
    await withStore(async (store) => expect(store.revision).toBe(1));
    expect(await segments()).not.toContain('segment-00000777');
  });
});

describe('a directory that is not to be opened', () => {
  it('is one that another store has open; the message names the process', async () => {
    await using store = await open();
    await expect(open()).rejects.toMatchObject({
      name: 'StateLockedError',
      pid: process.pid,
      message: `the state in ${directory} is in use by process ${process.pid}`,
    });
    await write(store, 'a');
  });

  it('is free again after the store is closed', async () => {
    await withStore((store) => write(store, 'a'));
    await withStore((store) => write(store, 'b'));
    expect(await withStore(async (store) => store.revision)).toBe(2);
  });

  it('is one with something else in it, which stays as it is', async () => {
    await writeFile(join(directory, 'thesis.txt'), 'important');
    await expect(open()).rejects.toThrow(/there is no state in this directory, but something else \("thesis.txt"\)/);
    expect(await readFile(join(directory, 'thesis.txt'), 'utf8')).toBe('important');
  });

  it('is one of a newer format, which stays as it is', async () => {
    await withStore((store) => write(store, 'a'));
    const path = manifestPath(directory);
    const manifest = parseManifest(await readFile(path, 'utf8'), path);
    await writeFile(path, formatManifest({ ...manifest, format: 99 }));
    const before = await readdir(directory);
    await expect(open()).rejects.toThrow(/the state is of format 99, and this version of kybern knows formats up to 1; use a newer version/);
    expect((await readdir(directory)).filter((name) => name.startsWith('segment'))).toEqual(before.filter((name) => name.startsWith('segment')));
  });

  it.each([
    ['no JSON', 'nonsense', /it is not JSON/],
    ['other JSON', '{"a":1}', /it is not a manifest/],
    ['a changed byte', undefined, /its checksum is wrong/],
  ])('is one whose manifest is %s', async (_, text, message) => {
    await withStore((store) => write(store, 'a'));
    const path = manifestPath(directory);
    await writeFile(path, text ?? (await readFile(path, 'utf8')).replace('"revision":0', '"revision":9'));
    await expect(open()).rejects.toThrow(message);
  });

  it('is migrated from an older format step by step, if there is a way', async () => {
    const manifest: Manifest = { format: 1, segments: [1], next: 2, revision: 0, compacted: 0 };
    const step: Migration = async (_files, _directory, from) => ({ ...from, format: from.format + 1 });
    const files = nodeFileSystem();
    const migrated = await migrate(files, directory, { manifest, migrations: { 1: step, 2: step }, format: 3 });
    expect([migrated.format, JSON.parse(await readFile(manifestPath(directory), 'utf8'))]).toMatchObject([3, { kybernState: { format: 3 } }]);
    await expect(migrate(files, directory, { manifest, migrations: {}, format: 2 })).rejects.toThrow(/there is no way to format 2/);
  });

  it('is asked for with options that make no sense', async () => {
    await expect(open({ historyLimit: 0 })).rejects.toThrow(/historyLimit must be an integer ≥ 1/);
    await expect(open({ segmentBytes: 10 })).rejects.toThrow(/segmentBytes must be an integer ≥ 4096/);
    await expect(openFileStore({ directory: '' })).rejects.toThrow(/directory is empty/);
    expect((await stat(directory)).isDirectory()).toBe(true);
  });
});
