import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readText, systemClock } from '@kybern/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLogFile } from './log-file.ts';
import { logStream } from './log-output.ts';

const line = (text: string, { stream = 'stdout', tag = 'F', second = 0 } = {}): string =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z ${stream} ${tag} ${text}\n`;

describe('readLogFile', () => {
  let folder: string;
  let path: string;
  let running: boolean;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kybern-log-'));
    path = join(folder, '0.log');
    running = true;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const read = (options: { follow?: boolean; tailLines?: number; stream?: 'stdout' | 'stderr'; signal?: AbortSignal } = {}): ReturnType<typeof readLogFile> =>
    readLogFile({ path, clock: systemClock(), isRunning: async () => running, ...options });
  const text = (options: Parameters<typeof read>[0] = {}): Promise<string> => readText(logStream(read(options), { nowMs: 0 }));

  it('reads lines, puts parts together, and leaves out what is no line of a log', async () => {
    await writeFile(path, [line('one'), 'nonsense\n', line('tw', { tag: 'P' }), line('o'), line('', { stream: 'stderr' }), 'not finish'].join(''));
    expect(await text()).toBe('one\ntwo\n\n');
  });

  it.each([0, 1, 2, 3, 50, 5000])('finds the last %i lines, across the blocks in which it reads', async (tailLines) => {
    const lines = Array.from({ length: 4000 }, (_, i) => `line ${String(i)} ${'x'.repeat(i % 97)}`);
    await writeFile(path, lines.map((each) => line(each)).join(''));
    const expected = tailLines === 0 ? [] : lines.slice(-tailLines);
    expect(await text({ tailLines })).toBe(expected.map((each) => `${each}\n`).join(''));
  });

  it('finds the last lines of one output', async () => {
    await writeFile(path, [line('a'), line('b', { stream: 'stderr' }), line('c'), line('d')].join(''));
    expect(await text({ tailLines: 1, stream: 'stderr' })).toBe('b\n');
    expect(await text({ tailLines: 2, stream: 'stdout' })).toBe('c\nd\n');
  });

  it('follows across a rotation, and ends with the container', async () => {
    await writeFile(path, line('one'));
    let seen = '';
    for await (const chunk of logStream(read({ follow: true }), { nowMs: 0 })) {
      seen += Buffer.from(chunk).toString();
      if (seen === 'one\n') await appendFile(path, line('two'));
      if (seen === 'one\ntwo\n') {
        await appendFile(path, line('last of the old file'));
        await rename(path, join(folder, '0.log.1'));
        await writeFile(path, line('three'));
      }
      if (seen.endsWith('three\n')) running = false;
    }
    expect(seen).toBe('one\ntwo\nlast of the old file\nthree\n');
  });

  it('ends with its signal', async () => {
    await writeFile(path, line('one'));
    const controller = new AbortController();
    const entries = read({ follow: true, signal: controller.signal });
    await entries.next();
    controller.abort(new Error('enough'));
    await expect(entries.next()).rejects.toThrow('enough');
  });
});

describe('logStream', () => {
  const entries = async function* (count: number): AsyncGenerator<readonly [{ time: string; stream: 'stdout'; text: Uint8Array; partial: boolean }]> {
    for (let i = 0; i < count; i++) yield [{ time: `2026-01-01T00:00:0${String(i)}.5Z`, stream: 'stdout', text: Buffer.from(String(i)), partial: false }];
  };
  const nowMs = Date.parse('2026-01-01T00:00:05Z');

  it.each([
    { name: 'all', options: {}, expected: '0\n1\n2\n3\n' },
    { name: 'since a time', options: { sinceTime: '2026-01-01T00:00:02Z' }, expected: '2\n3\n' },
    { name: 'since some seconds', options: { sinceSeconds: 3 }, expected: '2\n3\n' },
    { name: 'with times', options: { sinceSeconds: 2, timestamps: true }, expected: '2026-01-01T00:00:03.5Z 3\n' },
    { name: 'so many bytes', options: { limitBytes: 3 }, expected: '0\n1' },
  ])('gives $name', async ({ options, expected }) => {
    expect(await readText(logStream(entries(4), { ...options, nowMs }))).toBe(expected);
  });

  it('reads no further than it is read, and ends its source', async () => {
    let read = 0;
    let ended = false;
    const source = async function* (): ReturnType<typeof entries> {
      try {
        for (;;) {
          read += 1;
          yield* entries(1);
        }
      } finally {
        ended = true;
      }
    };
    const reader = logStream(source(), { nowMs }).getReader();
    await reader.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(read).toBeLessThanOrEqual(2);
    await reader.cancel();
    expect(ended).toBe(true);
  });
});
