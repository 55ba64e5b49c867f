import type { ByteConnection } from '@kybern/core';
import type { WebSocket } from 'ws';
import { forwardConnection, type Forward } from './forward-connection.ts';
import { bytesOf, sendMessage } from './websocket-messages.ts';

/** Protocols of port forwarding by channels. The first byte of a message is the channel: two for each port, data and errors. */
export const WEBSOCKET_FORWARD_PROTOCOLS: readonly string[] = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];

/** What of a client's data waits for the Pod to read it. */
const INPUT_BYTES = 131_072;

/**
 * Forwards one connection to each of the ports, and closes when all of them are done.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go
 */
export async function forwardChannels(
  socket: WebSocket,
  ports: readonly number[],
  target: Omit<Forward, 'port'> & { readonly base64: boolean },
): Promise<void> {
  const send = (channel: number, bytes: Uint8Array): Promise<void> =>
    sendMessage(socket, target.base64 ? `${String(channel)}${Buffer.from(bytes).toString('base64')}` : Buffer.concat([Buffer.from([channel]), bytes]));
  const inputs = createInputs(socket, ports.length);
  socket.on('message', (data, binary) => {
    const message = bytesOf(data);
    const text = target.base64 && !binary;
    const channel = text ? (message[0] ?? 0) - 0x30 : (message[0] ?? 0);
    inputs.push(channel, text ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1));
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => inputs.fail(new Error('the client closed the connection')));
  await Promise.all(
    ports.map(async (port, i) => {
      // Both channels begin with the port, so that the client knows which is which.
      const head = Buffer.alloc(2);
      head.writeUInt16LE(port);
      await Promise.all([send(2 * i, head), send(2 * i + 1, head)]);
      const data: ByteConnection = {
        readable: inputs.streams[i] ?? new Blob([]).stream(),
        writable: new WritableStream({ write: (chunk) => send(2 * i, chunk) }),
      };
      await forwardConnection({ data, fail: (message) => send(2 * i + 1, Buffer.from(message)) }, { ...target, port });
    }),
  ).catch(() => undefined); // the client is gone: nobody is there to be told
  socket.close(1000);
}

interface Inputs {
  readonly streams: readonly ReadableStream<Uint8Array>[];
  push(channel: number, bytes: Uint8Array): void;
  fail(reason: unknown): void;
}

/** What comes in, by port. While one of them is full, the socket is not read. */
function createInputs(socket: WebSocket, count: number): Inputs {
  const controllers: (ReadableStreamDefaultController<Uint8Array> | undefined)[] = [];
  const full = new Set<number>();
  const setFull = (i: number, isFull: boolean): void => {
    if (isFull) full.add(i);
    else full.delete(i);
    if (full.size > 0) socket.pause();
    else socket.resume();
  };
  const streams = Array.from(
    { length: count },
    (_, i) =>
      new ReadableStream<Uint8Array>(
        {
          start: (controller) => void (controllers[i] = controller),
          pull: () => setFull(i, false),
          cancel: () => {
            controllers[i] = undefined;
            setFull(i, false);
          },
        },
        { highWaterMark: INPUT_BYTES, size: (chunk) => chunk.byteLength },
      ),
  );
  return {
    streams,
    push(channel, bytes) {
      const controller = channel % 2 === 0 ? controllers[channel / 2] : undefined;
      if (controller === undefined || bytes.byteLength === 0) return;
      controller.enqueue(bytes);
      if ((controller.desiredSize ?? 1) <= 0) setFull(channel / 2, true);
    },
    fail(reason) {
      for (const [i, controller] of controllers.entries()) {
        controller?.error(reason);
        controllers[i] = undefined;
      }
    },
  };
}
