import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeAtomically } from './atomic-files.ts';

const file = (text: string, mode = 0o644) => ({ content: Buffer.from(text), mode });

describe('the files of a volume', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-files-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

  it('are there by their paths, with their modes', async () => {
    await writeAtomically(
      folder,
      new Map([
        ['a', file('1')],
        ['sub/b', file('2', 0o400)],
      ]),
      'one',
    );
    expect([await read('a'), await read('sub/b')]).toEqual(['1', '2']);
    expect((await stat(join(folder, 'sub/b'))).mode & 0o777).toBe(0o400);
  });

  it('are written whatever an agent left that was killed in the midst of it', async () => {
    await symlink('..killed', join(folder, '..data_tmp'));
    await mkdir(join(folder, '..killed'));
    await writeFile(join(folder, '..killed', 'a'), 'half');
    await writeAtomically(folder, new Map([['a', file('1')]]), 'one');
    expect(await read('a')).toBe('1');
    expect((await readdir(folder)).sort()).toEqual(['..data', '..one', 'a']);
  });

  it('leave nothing when they cannot be written', async () => {
    const clash = new Map([
      ['a', file('1')],
      ['a/b', file('2')],
    ]);
    await expect(writeAtomically(folder, clash, 'one')).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });

  it('change together, and what is gone is gone', async () => {
    await writeAtomically(
      folder,
      new Map([
        ['a', file('1')],
        ['b', file('1')],
      ]),
      'one',
    );
    await writeAtomically(
      folder,
      new Map([
        ['b', file('2')],
        ['c', file('2')],
      ]),
      'two',
    );
    expect((await readdir(folder)).sort()).toEqual(['..data', '..two', 'b', 'c']);
    expect([await read('b'), await read('c')]).toEqual(['2', '2']);
  });

  it('are left alone when nothing has changed', async () => {
    await writeAtomically(folder, new Map([['a', file('1')]]), 'one');
    await writeAtomically(folder, new Map([['a', file('1')]]), 'two');
    expect(await readdir(folder)).toContain('..one');
  });

  it('never leave the volume', async () => {
    await expect(writeAtomically(folder, new Map([['../out', file('1')]]), 'one')).rejects.toThrow('invalid path');
  });
});
