import { parseTime, type LogOptions } from '@kybern/core';
import type { LogEntry } from '@kybern/runtime-cri';

const NEWLINE = new Uint8Array([0x0a]);

/** How entries become bytes. */
export interface LogOutput extends Pick<LogOptions, 'timestamps' | 'limitBytes' | 'sinceSeconds' | 'sinceTime'> {
  /** Wall time, for `sinceSeconds`. */
  readonly nowMs: number;
}

/**
 * The log as its reader gets it. Pulls from `entries` only when it is read, and ends them when it is cancelled.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/cri-client/pkg/logs/logs.go (logWriter)
 */
export function logStream(entries: AsyncIterable<readonly LogEntry[]>, output: LogOutput): ReadableStream<Uint8Array> {
  const iterator = entries[Symbol.asyncIterator]();
  const format = createFormat(output);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const next = format.full() ? undefined : await iterator.next();
          if (next === undefined || next.done === true) {
            controller.close();
            await iterator.return?.();
            return;
          }
          const bytes = format.bytes(next.value);
          if (bytes.byteLength > 0) {
            controller.enqueue(bytes);
            return;
          }
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

interface Format {
  bytes(entries: readonly LogEntry[]): Uint8Array;
  /** Nothing more is wanted. */
  full(): boolean;
}

function createFormat({ timestamps = false, limitBytes = Infinity, sinceSeconds, sinceTime, nowMs }: LogOutput): Format {
  const sinceMs = sinceTime !== undefined ? parseTime(sinceTime) : sinceSeconds === undefined ? -Infinity : nowMs - sinceSeconds * 1000;
  let left = limitBytes;
  let lineBegins = true;
  return {
    full: () => left <= 0,
    bytes(entries) {
      const parts: Uint8Array[] = [];
      for (const entry of entries) {
        if (sinceMs !== -Infinity && parseTime(entry.time) < sinceMs) continue;
        if (timestamps && lineBegins) parts.push(Buffer.from(`${entry.time} `));
        parts.push(entry.text);
        if (!entry.partial) parts.push(NEWLINE);
        lineBegins = !entry.partial;
      }
      const all = Buffer.concat(parts);
      const bytes = all.byteLength > left ? all.subarray(0, left) : all;
      left -= bytes.byteLength;
      return bytes;
    },
  };
}
