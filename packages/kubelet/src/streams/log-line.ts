import type { LogEntry } from '@kybern/runtime-cri';

const SPACE = 0x20;

/**
 * Reads a line of a log file as CRI runtimes write it: `2016-10-06T00:17:09.669794202Z stdout F The text`, where `P` in place of `F` says that the line goes on.
 *
 * @param line without its end
 * @returns undefined when it is no such line
 * @see kubernetes v1.36 staging/src/k8s.io/cri-client/pkg/logs/logs.go (parseCRILog)
 */
export function parseLogLine(line: Uint8Array): LogEntry | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  if (first <= 0 || second <= first) return undefined;
  const third = line.indexOf(SPACE, second + 1);
  const time = ascii(line.subarray(0, first));
  const stream = ascii(line.subarray(first + 1, second));
  const tags = ascii(line.subarray(second + 1, third < 0 ? line.length : third)).split(':');
  if (Number.isNaN(Date.parse(time)) || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
  if (tags[0] !== 'F' && tags[0] !== 'P') return undefined;
  return { time, stream, text: third < 0 ? new Uint8Array() : line.subarray(third + 1), partial: tags[0] === 'P' };
}

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
