import type { RawData, WebSocket } from 'ws';

/** What may wait to be sent before the sender has to wait. */
const MAX_BUFFERED_BYTES = 262_144;

/** The bytes of a message, in one piece. */
export function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** Sends a message. Resolves when there is room for another; rejects when the connection is over. */
export function sendMessage(socket: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    const room = socket.bufferedAmount < MAX_BUFFERED_BYTES;
    socket.send(message, { binary: typeof message !== 'string' }, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
    if (room) resolve();
  });
}
