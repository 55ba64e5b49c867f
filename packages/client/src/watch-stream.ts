import { ApiError } from '@kybern/core';

/** A watch line longer than this is not an object that any API server stores. */
const MAX_LINE_BYTES = 16 * 1_048_576;
const NEWLINE = 10;

/**
 * The JSON values of a stream of lines, in order. A last line without its newline is a cut connection and is left out.
 *
 * @throws {ApiError} `InternalError` when a line is not JSON or is longer than 16 MiB
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void> {
  const decoder = new TextDecoder();
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE, start); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pending.push(chunk.subarray(start, end));
      const line = decoder.decode(pending.length === 1 ? pending[0] : Buffer.concat(pending));
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== '') yield parseLine(line);
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) throw new ApiError('InternalError', `the server sent a watch event of more than ${String(MAX_LINE_BYTES)} bytes`);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ApiError('InternalError', 'the server sent a watch event that is not JSON', { cause });
  }
}
