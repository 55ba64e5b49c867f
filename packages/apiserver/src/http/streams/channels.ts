import type { Status, TerminalSize } from '@kybern/core';

/** What a client and a process say to each other, whatever the protocol between: one channel for each stream, one for how it ended. */
export interface CommandChannels {
  /** Which exist follows what the client asked for. */
  readonly stdin?: ReadableStream<Uint8Array>;
  readonly stdout?: WritableStream<Uint8Array>;
  readonly stderr?: WritableStream<Uint8Array>;
  /** Told of the sizes of the client's terminal; the first may have come before. */
  onResize(listener: (size: TerminalSize) => void): void;
  /** Tells the client how it ended. */
  sendStatus(status: Status): Promise<void>;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
  /** Ends the connection, after what was sent. */
  close(): void;
}

/** Reads the size of a terminal as clients send it: `{"Width":80,"Height":24}`. Undefined when it is none. */
export function parseTerminalSize(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    return isDimension(width) && isDimension(height) ? { width, height } : undefined;
  } catch {
    return undefined; // a client's nonsense changes nothing
  }
}

function isDimension(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** Remembers the last size until somebody listens. */
export function createResizes(): { push(size: TerminalSize | undefined): void; listen(listener: (size: TerminalSize) => void): void } {
  let last: TerminalSize | undefined;
  let listener: ((size: TerminalSize) => void) | undefined;
  return {
    push(size) {
      if (size === undefined) return;
      last = size;
      listener?.(size);
    },
    listen(next) {
      listener = next;
      if (last !== undefined) next(last);
    },
  };
}
