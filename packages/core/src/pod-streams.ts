import type { CallOptions } from './client.ts';
import type { AttachOptions, ByteConnection, ExecOptions, LogOptions, ProcessStreams } from './node-connections.ts';
import type { ObjectKey } from './object.ts';

/** Which container: by default the only one of the Pod. */
export interface ContainerChoice {
  readonly container?: string;
}

/**
 * What goes on inside of Pods: logs, commands, ports. In process and over HTTP alike.
 *
 * Every call rejects with an `ApiError` (or the signal's reason); the signal also ends what a call resolved with.
 */
export interface PodStreams {
  /** The log as bytes, line by line as it was written. @throws {ApiError} `BadRequest` while the container has not started */
  logs(pod: ObjectKey, options?: LogOptions & ContainerChoice): Promise<ReadableStream<Uint8Array>>;
  /** Runs a command in a container. */
  exec(pod: ObjectKey, options: ExecOptions & ContainerChoice): Promise<ProcessStreams>;
  /** Attaches to a container's own process. */
  attach(pod: ObjectKey, options?: AttachOptions & ContainerChoice): Promise<ProcessStreams>;
  /** Connects to a port of a Pod. */
  connect(pod: ObjectKey, port: number, options?: CallOptions): Promise<ByteConnection>;
}

/** All of a stream as text, for short ones. @param maxBytes rejects with a `RangeError` beyond. Default 16 MiB */
export async function readText(stream: ReadableStream<Uint8Array>, maxBytes: number = 16 * 2 ** 20): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new RangeError(`the stream is longer than ${String(maxBytes)} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
