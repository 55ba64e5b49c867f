import type { AttachOptions, Clock, Status } from '@kybern/core';
import { createResizes, parseTerminalSize, type CommandChannels } from './channels.ts';
import type { SpdyConnection, SpdyStream } from './spdy/connection.ts';

/** How long a client may take to open its streams. @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand (DefaultStreamCreationTimeout) */
const CREATION_TIMEOUT_MS = 30_000;

/** Protocols of commands over SPDY. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go */
export const SPDY_COMMAND_PROTOCOLS: readonly string[] = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];

/** What {@link spdyChannels} works with. */
export interface SpdyCommand {
  readonly connection: SpdyConnection;
  /** Gives streams that the client opens, from the first on. */
  onStream(listener: (stream: SpdyStream) => void): void;
  readonly protocol: string;
  readonly wanted: AttachOptions;
  readonly clock: Clock;
}

/**
 * The channels of a command over SPDY, once the client has opened all of them.
 *
 * @throws when it takes too long, goes away, or opens others
 */
export async function spdyChannels(command: SpdyCommand): Promise<CommandChannels> {
  const { connection, protocol, wanted } = command;
  const streams = await collectStreams(command);
  const resizes = createResizes();
  const error = streams.get('error');
  void readResizes(streams.get('resize'), resizes.push);
  // What a client sends where it should not, is not to fill the connection. How such a stream ends is nobody's concern.
  for (const [type, stream] of streams) if (type !== 'stdin' && type !== 'resize') void stream.readable.pipeTo(new WritableStream()).catch(() => undefined);
  const stdin = streams.get('stdin');
  const stdout = streams.get('stdout');
  const stderr = streams.get('stderr');
  return {
    ...(stdin === undefined || wanted.stdin !== true ? {} : { stdin: stdin.readable }),
    ...(stdout === undefined ? {} : { stdout: stdout.writable }),
    ...(stderr === undefined ? {} : { stderr: stderr.writable }),
    onResize: (listener) => resizes.listen(listener),
    sendStatus: async (status) => {
      const writer = error?.writable.getWriter();
      const text = statusText(status, protocol);
      if (text !== '') await writer?.write(Buffer.from(text));
      await writer?.close();
    },
    gone: connection.closed,
    close: () => connection.close(),
  };
}

/** Before version 4 only failures are told, as text. */
function statusText(status: Status, protocol: string): string {
  if (protocol === 'v4.channel.k8s.io') return JSON.stringify(status);
  return status.status === 'Success' ? '' : (status.message ?? '');
}

function expectedStreams({ protocol, wanted }: SpdyCommand): ReadonlySet<string> {
  const resize = wanted.tty === true && (protocol === 'v4.channel.k8s.io' || protocol === 'v3.channel.k8s.io');
  return new Set([
    'error',
    ...(wanted.stdin === true ? ['stdin'] : []),
    ...(wanted.stdout === true ? ['stdout'] : []),
    ...(wanted.stderr === true ? ['stderr'] : []),
    ...(resize ? ['resize'] : []),
  ]);
}

function collectStreams(command: SpdyCommand): Promise<ReadonlyMap<string, SpdyStream>> {
  const { connection, clock, onStream } = command;
  const expected = expectedStreams(command);
  const streams = new Map<string, SpdyStream>();
  return new Promise((resolve, reject) => {
    const onGone = (): void => reject(connection.closed.reason as Error);
    const cancel = clock.after(CREATION_TIMEOUT_MS, () => reject(new Error('timed out waiting for client to create streams')), { background: true });
    const settle = (): void => {
      cancel();
      connection.closed.removeEventListener('abort', onGone);
      resolve(streams);
    };
    connection.closed.addEventListener('abort', onGone, { once: true });
    onStream((stream) => {
      const type = stream.headers.get('streamtype') ?? '';
      if (!expected.has(type) || streams.has(type)) {
        stream.reset();
        return;
      }
      streams.set(type, stream);
      if (streams.size === expected.size) settle();
    });
  });
}

/** Sizes come as JSON objects, one after another. */
async function readResizes(stream: SpdyStream | undefined, push: (size: ReturnType<typeof parseTerminalSize>) => void): Promise<void> {
  if (stream === undefined) return;
  let rest = '';
  try {
    for await (const chunk of stream.readable) {
      rest = (rest + Buffer.from(chunk).toString('utf8')).slice(-4096);
      for (let end = rest.indexOf('}'); end >= 0; end = rest.indexOf('}')) {
        push(parseTerminalSize(rest.slice(0, end + 1)));
        rest = rest.slice(end + 1);
      }
    }
  } catch {
    // the client is gone: there are no more sizes
  }
}
