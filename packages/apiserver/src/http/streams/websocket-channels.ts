import type { AttachOptions, Status } from '@kybern/core';
import type { WebSocket } from 'ws';
import { createResizes, parseTerminalSize, type CommandChannels } from './channels.ts';
import { bytesOf, sendMessage } from './websocket-messages.ts';

/** The first byte of every message says which stream it is of. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** What of a client's input waits for the process to read it. */
const INPUT_BYTES = 131_072;

/** What is different between the protocols. */
export interface ChannelProtocol {
  /** As in Sec-WebSocket-Protocol. */
  readonly name: string;
  /** Messages are text: the channel's digit, and the rest in base64. */
  readonly base64: boolean;
  /** How it ended is told as a Status object; older ones tell a failure as text. */
  readonly status: boolean;
  /** The client can end its input by itself. */
  readonly halfClose: boolean;
}

/** The best first. @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/websocket.go */
export const COMMAND_PROTOCOLS: readonly ChannelProtocol[] = [
  { name: 'v5.channel.k8s.io', base64: false, status: true, halfClose: true },
  { name: 'v4.channel.k8s.io', base64: false, status: true, halfClose: false },
  { name: 'v4.base64.channel.k8s.io', base64: true, status: true, halfClose: false },
  { name: 'channel.k8s.io', base64: false, status: false, halfClose: false },
  { name: 'base64.channel.k8s.io', base64: true, status: false, halfClose: false },
];

/** The channels of a command over a WebSocket. */
export function webSocketChannels(socket: WebSocket, protocol: ChannelProtocol, wanted: AttachOptions): CommandChannels {
  const gone = new AbortController();
  const resizes = createResizes();
  const input = wanted.stdin === true ? createInput(socket) : undefined;
  const send = (channel: number, bytes: Uint8Array): Promise<void> =>
    sendMessage(socket, protocol.base64 ? `${String(channel)}${Buffer.from(bytes).toString('base64')}` : Buffer.concat([Buffer.from([channel]), bytes]));
  socket.on('message', (data, binary) => {
    const message = decodeMessage(bytesOf(data), protocol.base64 && !binary);
    if (message === undefined) return;
    const { channel, bytes } = message;
    if (channel === CHANNEL.stdin) input?.push(bytes);
    else if (channel === CHANNEL.resize) resizes.push(parseTerminalSize(bytes.toString('utf8')));
    else if (channel === CHANNEL.close && protocol.halfClose && bytes[0] === CHANNEL.stdin) input?.end();
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    gone.abort(new Error('the client closed the connection'));
    input?.fail(gone.signal.reason);
  });
  const output = (channel: number): WritableStream<Uint8Array> => new WritableStream<Uint8Array>({ write: (chunk) => send(channel, chunk) });
  // Tells the client that it is there.
  void send(firstOutput(wanted), new Uint8Array()).catch(() => undefined);
  return {
    ...(input === undefined ? {} : { stdin: input.stream }),
    ...(wanted.stdout === true ? { stdout: output(CHANNEL.stdout) } : {}),
    ...(wanted.stderr === true ? { stderr: output(CHANNEL.stderr) } : {}),
    onResize: (listener) => resizes.listen(listener),
    sendStatus: (status) => sendStatus(status, protocol, (bytes) => send(CHANNEL.error, bytes)),
    gone: gone.signal,
    close: () => socket.close(1000),
  };
}

function firstOutput({ stdout, stderr }: AttachOptions): number {
  if (stdout === true) return CHANNEL.stdout;
  return stderr === true ? CHANNEL.stderr : CHANNEL.error;
}

async function sendStatus(status: Status, protocol: ChannelProtocol, send: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  if (protocol.status) await send(Buffer.from(JSON.stringify(status)));
  else if (status.status !== 'Success') await send(Buffer.from(status.message ?? ''));
}

/** Undefined for a message that belongs to no channel. */
function decodeMessage(message: Buffer, base64: boolean): { readonly channel: number; readonly bytes: Buffer } | undefined {
  const [first] = message;
  if (first === undefined) return undefined;
  if (!base64) return { channel: first, bytes: message.subarray(1) };
  return { channel: first - 0x30, bytes: Buffer.from(message.toString('latin1', 1), 'base64') };
}

/** A stream of what comes in. While it is full, the socket is not read. */
function createInput(socket: WebSocket): {
  readonly stream: ReadableStream<Uint8Array>;
  push(bytes: Uint8Array): void;
  end(): void;
  fail(reason: unknown): void;
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stop = (): void => {
    controller = undefined;
    socket.resume();
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (own) => {
        controller = own;
      },
      pull: () => socket.resume(),
      cancel: stop,
    },
    { highWaterMark: INPUT_BYTES, size: (chunk) => chunk.byteLength },
  );
  return {
    stream,
    push(bytes) {
      if (controller === undefined || bytes.byteLength === 0) return;
      controller.enqueue(bytes);
      if ((controller.desiredSize ?? 1) <= 0) socket.pause();
    },
    end() {
      controller?.close();
      stop();
    },
    fail(reason) {
      controller?.error(reason);
      controller = undefined;
    },
  };
}
