import {
  ApiError,
  readText,
  toNamespacedName,
  type AttachOptions,
  type ByteConnection,
  type LogOptions,
  type ObjectKey,
  type PodStreams,
  type ProcessStreams,
  type Status,
} from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { WebSocket } from 'ws';
import type { CredentialSource } from './credentials.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { createSocketOpener, receiveFrom, sendOn } from './pod-socket.ts';
import { resourcePath } from './resource-path.ts';
import type { Transport } from './transport.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;
/** Protocols of commands, the best first. */
export const COMMAND_PROTOCOLS: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** Logs, commands and ports of Pods over HTTP and WebSockets. */
export function createPodStreams(
  access: ClusterAccess,
  { transport, credentials }: { readonly transport: Transport; readonly credentials: CredentialSource },
): PodStreams {
  const openSocket = createSocketOpener(access, credentials);
  const pathOf = (pod: ObjectKey, subresource: string): string => resourcePath(Pod, { ...toNamespacedName(Pod, pod), subresource });
  const command = async (pod: ObjectKey, subresource: 'exec' | 'attach', options: CommandOptions): Promise<ProcessStreams> => {
    const { signal } = options;
    const socket = await openSocket({ path: `${pathOf(pod, subresource)}?${commandQuery(options).toString()}`, protocols: COMMAND_PROTOCOLS, signal });
    return processOver(socket, options);
  };
  return {
    async logs(pod, options = {}) {
      const body = await transport.stream({ method: 'GET', path: pathOf(pod, 'log'), query: logQuery(options), signal: options.signal });
      return ReadableStream.from(body) as ReadableStream<Uint8Array>;
    },
    exec: (pod, options) => command(pod, 'exec', options),
    attach: (pod, options = {}) => command(pod, 'attach', options),
    async connect(pod, port, { signal } = {}) {
      const socket = await openSocket({ path: `${pathOf(pod, 'portforward')}?ports=${String(port)}`, protocols: FORWARD_PROTOCOLS, signal });
      return connectionOver(socket, port);
    },
  };
}

type CommandOptions = AttachOptions & { readonly container?: string; readonly command?: readonly string[] };

function logQuery({ signal: _signal, managedFields: _managedFields, ...options }: LogOptions & { readonly container?: string }): Record<string, string> {
  return Object.fromEntries(Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

function commandQuery({ container, command = [], stdin = false, stdout = true, stderr = true, tty = false }: CommandOptions): URLSearchParams {
  const flags = { stdin, stdout, stderr: stderr && !tty, tty };
  const query = new URLSearchParams(Object.entries(flags).flatMap(([name, on]) => (on ? [[name, 'true'] as [string, string]] : [])));
  if (container !== undefined) query.set('container', container);
  for (const word of command) query.append('command', word);
  return query;
}

/** The streams of a process whose socket is open. */
export function processOver(socket: WebSocket, { stdin = false, stdout = true, stderr = true, tty = false }: CommandOptions): ProcessStreams {
  const input = receiveFrom(socket, [...(stdout ? [STDOUT] : []), ...(stderr && !tty ? [STDERR] : []), ERROR]);
  const ended = readText(input.streams.get(ERROR) ?? new Blob([]).stream());
  ended.catch(() => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const exitCode = closed.then(async () => {
    input.end();
    return exitCodeOf(await ended);
  });
  exitCode.catch(() => undefined);
  const out = input.streams.get(STDOUT);
  const err = input.streams.get(STDERR);
  return {
    ...(stdin ? { stdin: stdinOver(socket) } : {}),
    ...(out === undefined ? {} : { stdout: out }),
    ...(err === undefined ? {} : { stderr: err }),
    exitCode,
    resize: ({ width, height }) => sendOn(socket, RESIZE, Buffer.from(JSON.stringify({ Width: width, Height: height }))),
  };
}

function stdinOver(socket: WebSocket): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: (chunk) => sendOn(socket, STDIN, chunk),
    // Before version 5 there is no way to end the input alone.
    close: () => (socket.protocol === COMMAND_PROTOCOLS[0] ? sendOn(socket, CLOSE, Buffer.from([STDIN])) : undefined),
    abort: () => socket.close(),
  });
}

/** How it ended, as the channel of errors tells it. @throws {ApiError} when it did not end by itself */
function exitCodeOf(text: string): number {
  if (text === '') throw new ApiError('ServiceUnavailable', 'the connection was lost before the command ended');
  const status = JSON.parse(text) as Status;
  if (status.status === 'Success') return 0;
  const code = status.details?.causes?.find(({ reason }) => (reason as string | undefined) === 'ExitCode')?.message;
  if (code === undefined) throw ApiError.fromStatus(status);
  return Number(code);
}

/** Protocols of ports. */
export const FORWARD_PROTOCOLS: readonly string[] = ['v4.channel.k8s.io'];
const DATA = 0;
const FAILURE = 1;
/** Both channels begin with the port's number. */
const HEAD_BYTES = 2;

/** The connection to a port whose socket is open. */
export async function connectionOver(socket: WebSocket, port: number): Promise<ByteConnection> {
  const input = receiveFrom(socket, [DATA, FAILURE]);
  const failure = readText(withoutHead(input.streams.get(FAILURE) ?? new Blob([]).stream()));
  failure.catch(() => undefined);
  socket.once('close', () => input.end());
  const data = withoutHead(input.streams.get(DATA) ?? new Blob([]).stream());
  const readable = data.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async flush() {
        const why = await failure;
        if (why !== '') throw new ApiError('ServiceUnavailable', why.trim() || `port ${String(port)} cannot be reached`);
      },
    }),
  );
  // This protocol has no end of one side alone.
  const writable = new WritableStream<Uint8Array>({ write: (chunk) => sendOn(socket, DATA, chunk), abort: () => socket.close() });
  return { readable, writable };
}

function withoutHead(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  let left = HEAD_BYTES;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const rest = chunk.subarray(Math.min(left, chunk.byteLength));
        left -= chunk.byteLength - rest.byteLength;
        if (rest.byteLength > 0) controller.enqueue(rest);
      },
    }),
  );
}
