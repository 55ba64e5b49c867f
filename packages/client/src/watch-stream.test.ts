import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLines } from './watch-stream.ts';

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function collect(lines: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of lines) values.push(value);
  return values;
}

describe('jsonLines', () => {
  it('gives the same values wherever the stream is cut, also within a character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat()), async (values, cuts) => {
        const bytes = new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
        const sorted = cuts.map((cut) => (bytes.length === 0 ? 0 : cut % bytes.length)).sort((a, b) => a - b);
        expect(await collect(jsonLines(chunksOf(bytes, sorted)))).toEqual(values.map((value) => JSON.parse(JSON.stringify(value)) as unknown));
      }),
    );
  });

  it('leaves out a last line that was cut off', async () => {
    expect(await collect(jsonLines(chunksOf(new TextEncoder().encode('{"a":1}\n{"b":'), [])))).toEqual([{ a: 1 }]);
  });

  it('refuses a line that is not JSON', async () => {
    await expect(collect(jsonLines(chunksOf(new TextEncoder().encode('nonsense\n'), [])))).rejects.toMatchObject({ reason: 'InternalError' });
  });
});
