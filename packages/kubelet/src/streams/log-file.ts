import { open, stat, type FileHandle } from 'node:fs/promises';
import { sleep, type Clock } from '@kybern/core';
import type { LogEntry, ReadLogsRequest } from '@kybern/runtime-cri';
import { parseLogLine } from './log-line.ts';

const BLOCK_BYTES = 65_536;
/** A longer line is cut: runtimes write none that is longer than 16 KiB. */
const MAX_LINE_BYTES = 1_048_576;
const NEWLINE = 0x0a;
/** How often a file is looked at for more: at first, and when nothing has come for long. */
const POLL_MS = { first: 50, last: 1000 } as const;

/** What {@link readLogFile} reads. */
export interface LogFileReading extends Omit<ReadLogsRequest, 'containerId'> {
  readonly path: string;
  readonly clock: Clock;
  /** Whether more may come: asked at the end of the file. */
  isRunning(): Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a log file in the CRI's format, a block at a time, and goes on with the next file of its name when it is rotated. Lines that are in no such format are
 * left out.
 */
export async function* readLogFile(reading: LogFileReading): AsyncGenerator<readonly LogEntry[]> {
  const { path, follow = false, stream, signal } = reading;
  let file = await open(path, 'r');
  try {
    // The last lines of one output are not found without reading the others.
    const tail = stream === undefined ? reading.tailLines : undefined;
    let position = tail === undefined ? 0 : await tailStart(file, tail);
    let lines = createLineSplitter();
    const wanted = stream === undefined ? undefined : (entry: LogEntry): boolean => entry.stream === stream;
    const kept = stream === undefined || reading.tailLines === undefined ? undefined : new LastEntries(reading.tailLines);
    let waitMs: number = POLL_MS.first;
    for (;;) {
      signal?.throwIfAborted();
      const entries = await readBlock(file, position, lines);
      position += entries.bytes;
      if (entries.bytes > 0) {
        waitMs = POLL_MS.first;
        const batch = wanted === undefined ? entries.read : entries.read.filter(wanted);
        if (kept !== undefined && !kept.done) kept.push(batch);
        else if (batch.length > 0) yield batch;
        continue;
      }
      if (kept !== undefined && !kept.done) yield kept.finish();
      if (!follow) return;
      const running = await reading.isRunning();
      const next = await nextFile(path, file, position);
      if (next === 'none' && !running && (await file.stat()).size <= position) return;
      if (next === 'none') {
        await sleep(reading.clock, waitMs, { background: true, ...(signal === undefined ? {} : { signal }) });
        waitMs = Math.min(POLL_MS.last, waitMs * 2);
      } else if ((await file.stat()).size <= position || next === 'truncated') {
        await file.close();
        file = await open(path, 'r');
        position = 0;
        lines = createLineSplitter();
      }
    }
  } finally {
    await file.close();
  }
}

/** The last so many entries, until they are given out. */
class LastEntries {
  readonly #most: number;
  #entries: LogEntry[] = [];
  done = false;

  constructor(most: number) {
    this.#most = most;
  }

  push(batch: readonly LogEntry[]): void {
    this.#entries.push(...batch);
    if (this.#entries.length > 2 * this.#most + 1000) this.#entries = this.#last();
  }

  finish(): readonly LogEntry[] {
    this.done = true;
    return this.#last();
  }

  #last(): LogEntry[] {
    return this.#most === 0 ? [] : this.#entries.slice(-this.#most);
  }
}

async function readBlock(file: FileHandle, position: number, lines: LineSplitter): Promise<{ readonly bytes: number; readonly read: readonly LogEntry[] }> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, position);
  const read: LogEntry[] = [];
  for (const line of lines.push(buffer.subarray(0, bytesRead))) {
    const entry = parseLogLine(line);
    if (entry !== undefined) read.push(entry);
  }
  return { bytes: bytesRead, read };
}

/** Whether there is another file under the name by now. A file that is away for a moment is between two rotations. */
async function nextFile(path: string, file: FileHandle, position: number): Promise<'none' | 'rotated' | 'truncated'> {
  const [now, own] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
  if (now === undefined) return 'none';
  if (now.ino !== own.ino || now.dev !== own.dev) return 'rotated';
  return now.size < position ? 'truncated' : 'none';
}

/** Where the last so many lines of a file begin. */
async function tailStart(file: FileHandle, tailLines: number): Promise<number> {
  const { size } = await file.stat();
  if (tailLines === 0) return size;
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let left = tailLines;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      // The last byte of the file ends the last line, it does not begin one.
      if (block[at] !== NEWLINE || start + at === size - 1) continue;
      left -= 1;
      if (left === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** Splits blocks into lines. */
interface LineSplitter {
  push(block: Buffer): Buffer[];
}

function createLineSplitter(): LineSplitter {
  let rest = Buffer.alloc(0);
  return {
    push(block) {
      const all = rest.length === 0 ? block : Buffer.concat([rest, block]);
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
        lines.push(all.subarray(start, end));
        start = end + 1;
      }
      rest = Buffer.from(all.subarray(Math.max(start, all.length - MAX_LINE_BYTES)));
      return lines;
    },
  };
}
