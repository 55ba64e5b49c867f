import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@kybern/core';

/** A longer line is written in parts. */
const MAX_LINE_BYTES = 16_384;
const NEWLINE = 0x0a;

/** Which output of a container. */
export type OutputName = 'stdout' | 'stderr';

/**
 * Writes a container's log in the CRI's format: `TIME stdout F text`, where `P` in place of `F` says that the line goes on.
 *
 * @see kubernetes v1.36 pkg/kubelet/kuberuntime/logs/logs.go
 */
export class CriLogWriter {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #rest: Record<OutputName, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #file: FileHandle | undefined;
  /** Invariant: at most one write is under way. */
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Resolves when it is written, so that whoever reads the container's output can go at the pace of the disk. */
  write(output: OutputName, chunk: Buffer): Promise<void> {
    return this.#enqueue(this.#take(output, chunk, false));
  }

  /** What is there of an unfinished line is written as one. */
  end(output: OutputName): Promise<void> {
    return this.#enqueue(this.#take(output, Buffer.alloc(0), true));
  }

  /** From now on a file of the same name is written anew, if what there was has been moved away. */
  reopen(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#file?.close();
      this.#file = undefined;
      await this.#open();
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#file?.close();
      this.#file = undefined;
    });
  }

  #take(output: OutputName, chunk: Buffer, last: boolean): Buffer {
    const all = this.#rest[output].length === 0 ? chunk : Buffer.concat([this.#rest[output], chunk]);
    const head = `${time(this.#clock.now())} ${output}`;
    const parts: Buffer[] = [];
    const push = (text: Buffer, tag: 'P' | 'F'): void => void parts.push(Buffer.from(`${head} ${tag} `), text, Buffer.from('\n'));
    let start = 0;
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
      for (; end - start > MAX_LINE_BYTES; start += MAX_LINE_BYTES) push(all.subarray(start, start + MAX_LINE_BYTES), 'P');
      push(all.subarray(start, end), 'F');
      start = end + 1;
    }
    for (; all.length - start > MAX_LINE_BYTES; start += MAX_LINE_BYTES) push(all.subarray(start, start + MAX_LINE_BYTES), 'P');
    if (last && all.length > start) push(all.subarray(start), 'F');
    this.#rest[output] = last ? Buffer.alloc(0) : Buffer.from(all.subarray(start));
    return Buffer.concat(parts);
  }

  #enqueue(text: Buffer): Promise<void> {
    if (text.length === 0) return this.#writing;
    return this.#inTurn(async () => {
      const file = await this.#open();
      await file.appendFile(text);
    });
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    await mkdir(dirname(this.#path), { recursive: true });
    this.#file = await open(this.#path, 'a', 0o640);
    return this.#file;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work);
    // One write that fails, on a full disk, does not hold up the next.
    this.#writing = done.catch(() => undefined);
    return done;
  }
}

function time(nowMs: number): string {
  return new Date(nowMs).toISOString().replace('Z', '000000Z');
}
