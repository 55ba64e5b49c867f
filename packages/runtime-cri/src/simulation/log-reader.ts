import type { LogEntry } from '../runtime.ts';
import type { ContainerRecord, SimulatedLogLine } from './records.ts';

/** Where to begin and when to end. */
export interface LogReading {
  readonly follow: boolean;
  /** Default: at the oldest line. */
  readonly tailLines?: number | undefined;
  /** Only this output. */
  readonly stream?: SimulatedLogLine['stream'] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The lines of a container's log, as many at a time as there are. One that falls behind by more than is kept misses lines, as in a log that was rotated
 * away.
 */
export async function* readLog(record: ContainerRecord, { follow, tailLines, stream, signal }: LogReading): AsyncGenerator<readonly SimulatedLogLine[]> {
  let next = record.logDropped + startOf(record.log, tailLines, stream);
  for (;;) {
    signal?.throwIfAborted();
    const lines = record.log.slice(Math.max(0, next - record.logDropped));
    next = record.logDropped + record.log.length;
    const wanted = stream === undefined ? lines : lines.filter((line) => line.stream === stream);
    if (wanted.length > 0) yield wanted;
    if (next < record.logDropped + record.log.length) continue;
    if (!follow || record.removed || record.state === 'CONTAINER_EXITED') return;
    await changed(record, signal);
  }
}

/** Where the last so many lines begin. */
function startOf(log: readonly SimulatedLogLine[], tailLines: number | undefined, stream: SimulatedLogLine['stream'] | undefined): number {
  if (tailLines === undefined) return 0;
  let start = log.length;
  for (let left = tailLines; start > 0; start--) {
    if (stream !== undefined && log[start - 1]?.stream !== stream) continue;
    if (left === 0) break;
    left -= 1;
  }
  return start;
}

function changed(record: ContainerRecord, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = (): void => {
      record.logWaiters.delete(wake);
      reject(signal?.reason as Error);
    };
    record.logWaiters.add(wake);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A line as the port gives it. */
export function toLogEntry({ timeMs, stream, line }: SimulatedLogLine): LogEntry {
  return { time: nanoTime(timeMs), stream, text: new TextEncoder().encode(line), partial: false };
}

function nanoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/Z$/, '000000Z');
}
