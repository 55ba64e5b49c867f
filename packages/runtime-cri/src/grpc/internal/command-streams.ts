import { RuntimeError } from '../../errors.ts';
import type { ExecStreams } from '../../runtime.ts';
import { connectSpdy, type SpdyClient, type SpdyStream } from './spdy-client.ts';

/** Which streams a command has. */
export interface WantedStreams {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly tty?: boolean;
}

/** Where a command's streams are to be had. */
export interface CommandDoor {
  /** As the runtime handed it out. */
  readonly url: string;
  readonly wanted: WantedStreams;
  readonly signal?: AbortSignal | undefined;
}

const encoder = new TextEncoder();

/**
 * Opens the streams of a command at the address that Exec or Attach gave. The exit code comes over the error stream; when that ends, so does the connection.
 *
 * @throws {RuntimeError} `UNAVAILABLE` when nobody answers there
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go (StreamProtocolV4Name)
 */
export async function openCommandStreams({ url, wanted, signal }: CommandDoor): Promise<ExecStreams> {
  if (url === '') throw new RuntimeError('UNIMPLEMENTED', 'the runtime gave no address for streams');
  const client = await connectSpdy(url, 'v4.channel.k8s.io', signal);
  try {
    const tty = wanted.tty === true;
    // One after another, in the order in which Kubernetes opens them.
    const error = await client.open({ streamtype: 'error' });
    const stdin = wanted.stdin === true ? await client.open({ streamtype: 'stdin' }) : undefined;
    const stdout = wanted.stdout === true ? await client.open({ streamtype: 'stdout' }) : undefined;
    const stderr = wanted.stderr === true && !tty ? await client.open({ streamtype: 'stderr' }) : undefined;
    const resize = tty ? (await client.open({ streamtype: 'resize' })).writable.getWriter() : undefined;
    const exitCode = endOf(client, error, signal);
    exitCode.catch(() => undefined);
    return {
      ...(stdin === undefined ? {} : { stdin: stdin.writable }),
      ...(stdout === undefined ? {} : { stdout: stdout.readable }),
      ...(stderr === undefined ? {} : { stderr: stderr.readable }),
      exitCode,
      async resize({ width, height }) {
        await resize?.write(encoder.encode(JSON.stringify({ Width: width, Height: height })));
      },
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

async function endOf(client: SpdyClient, error: SpdyStream, signal: AbortSignal | undefined): Promise<number> {
  const onAbort = (): void => client.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return exitCodeOf(await readText(error.readable));
  } catch (failure) {
    signal?.throwIfAborted();
    throw failure;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    void error.writable.close().catch(() => undefined);
    // Output that is on its way is still read; the server closes when it was sent.
  }
}

/** Everything that a stream brings. */
export async function readText(readable: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of readable) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

interface StreamStatus {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

/** The exit code that a Status on the error stream tells. @throws {RuntimeError} `UNKNOWN` when the command could not be run to its end */
export function exitCodeOf(text: string): number {
  if (text === '') throw new RuntimeError('UNAVAILABLE', 'the connection to the command was lost');
  const status = parse(text);
  if (status.status === 'Success') return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (status.reason === 'NonZeroExitCode' && code !== undefined) return Number(code);
  throw new RuntimeError('UNKNOWN', status.message ?? text);
}

function parse(text: string): StreamStatus {
  try {
    return JSON.parse(text) as StreamStatus;
  } catch {
    return { message: text };
  }
}
