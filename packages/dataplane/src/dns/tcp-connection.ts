import type { Socket } from 'node:net';
import type { Clock } from '@kybern/core';
import { lengthPrefix } from './upstream.ts';

/** What {@link serveTcpConnection} needs. */
export interface TcpConnectionDeps {
  /** The answer's bytes; undefined ends the connection. */
  readonly answer: (message: Buffer) => Buffer | undefined | Promise<Buffer | undefined>;
  readonly clock: Clock;
  /** A client that asks nothing for so long is cut off. */
  readonly idleMs: number;
}

/**
 * Answers the messages of a connection one after the other: while one is worked on nothing more is read, so a client that asks faster than it is
 * answered fills its own buffers, not ours.
 */
export function serveTcpConnection(socket: Socket, { answer, clock, idleMs }: TcpConnectionDeps): void {
  let received: Buffer = Buffer.alloc(0);
  let busy = false;
  let cancelIdle = (): void => undefined;
  const waitForMore = (): void => {
    cancelIdle();
    cancelIdle = clock.after(idleMs, () => socket.destroy(), { background: true });
  };
  const work = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    socket.pause();
    for (let message = next(); message !== undefined; message = next()) {
      const bytes = await answer(message);
      if (bytes === undefined || socket.destroyed) break;
      socket.write(Buffer.concat([lengthPrefix(bytes), bytes]));
      if (socket.writableNeedDrain) await drained(socket);
    }
    busy = false;
    waitForMore();
    socket.resume();
  };
  const next = (): Buffer | undefined => {
    const end = received.length < 2 ? Infinity : received.readUInt16BE(0) + 2;
    if (received.length < end) return undefined;
    const message = received.subarray(2, end);
    received = received.subarray(end);
    return message;
  };
  socket.on('data', (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    work().catch(() => socket.destroy());
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => cancelIdle());
  waitForMore();
}

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
