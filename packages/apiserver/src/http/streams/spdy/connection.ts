import type { Duplex } from 'node:stream';
import { createSpdyDecoder } from './decode.ts';
import { createSpdyEncoder } from './encode.ts';
import { RST_STATUS, SpdyError, type SpdyFrame, type SpdyHeader } from './frames.ts';

/** Streams of one connection at a time. */
const MAX_STREAMS = 512;
/** What a stream keeps that nobody has read yet; then the whole connection is not read on. */
const STREAM_BYTES = 131_072;
/** Longer pieces are sent in several frames, so that streams take turns. */
const FRAME_BYTES = 65_536;

/** One stream of a connection: bytes in both directions, each of which ends by itself. */
export interface SpdyStream {
  readonly id: number;
  /** Names are lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Ends it at once in both directions. */
  reset(): void;
}

/** A SPDY/3.1 connection over a socket, or over whatever is like one. */
export interface SpdyConnection {
  /** Aborts when the connection is over, from whichever side. */
  readonly closed: AbortSignal;
  /** Opens a stream. */
  open(headers: readonly SpdyHeader[]): SpdyStream;
  /** Sends what is on its way, and ends the connection. */
  close(): void;
}

/** Which side this is, and who is told of the streams that the other side opens. */
export interface SpdyConnectionOptions {
  readonly role: 'server' | 'client';
  onStream?(stream: SpdyStream): void;
}

/**
 * Takes over a socket. What the peer sends that is no SPDY ends the connection.
 *
 * There are no windows: Kubernetes' own clients and servers neither tell nor heed them. A stream that nobody reads makes the whole connection wait.
 */
export function createSpdyConnection(socket: Duplex, options: SpdyConnectionOptions): SpdyConnection {
  return new Connection(socket, options);
}

class Connection implements SpdyConnection {
  readonly #socket: Duplex;
  readonly #options: SpdyConnectionOptions;
  readonly #encoder = createSpdyEncoder();
  readonly #decoder = createSpdyDecoder();
  readonly #streams = new Map<number, Stream>();
  readonly #closed = new AbortController();
  /** Streams that hold more than they may. */
  readonly #full = new Set<Stream>();
  #lastPeerId = 0;
  #nextId: number;
  #drained: Promise<void> | undefined;

  constructor(socket: Duplex, options: SpdyConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.role === 'client' ? 1 : 2;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('end', () => this.#end(new Error('the peer closed the connection')));
    socket.on('close', () => this.#end(new Error('the connection was closed')));
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  open(headers: readonly SpdyHeader[]): SpdyStream {
    const stream = this.#add(this.#nextId, headers);
    this.#nextId += 2;
    this.#post({ type: 'synStream', streamId: stream.id, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers });
    return stream;
  }

  close(): void {
    if (this.closed.aborted) return;
    this.#post({ type: 'goAway', lastStreamId: this.#lastPeerId, status: 0 });
    this.#socket.end();
    this.#end(new Error('the connection was closed'));
  }

  /** Resolves when more may be sent. Rejects when the connection is over. */
  send(frame: SpdyFrame): Promise<void> {
    if (this.closed.aborted) return Promise.reject(this.closed.reason as Error);
    if (this.#socket.write(this.#encoder.encode(frame))) return Promise.resolve();
    this.#drained ??= new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#drained = undefined;
        this.#socket.off('drain', settle);
        this.closed.removeEventListener('abort', settle);
        if (this.closed.aborted) reject(this.closed.reason as Error);
        else resolve();
      };
      this.#socket.on('drain', settle);
      this.closed.addEventListener('abort', settle, { once: true });
    });
    // Frames without bytes are not waited for.
    this.#drained.catch(() => undefined);
    return this.#drained;
  }

  /** Sends what nobody waits for. */
  #post(frame: SpdyFrame): void {
    this.send(frame).catch(() => undefined);
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.setFull(stream, false);
  }

  setFull(stream: Stream, full: boolean): void {
    if (full) this.#full.add(stream);
    else if (!this.#full.delete(stream)) return;
    if (this.#full.size > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  #add(id: number, headers: readonly SpdyHeader[]): Stream {
    const stream = new Stream(this, id, headers);
    this.#streams.set(id, stream);
    return stream;
  }

  #read(chunk: Buffer): void {
    if (this.closed.aborted) return;
    try {
      for (const frame of this.#decoder.decode(chunk)) this.#take(frame);
    } catch (error) {
      this.#post({ type: 'goAway', lastStreamId: this.#lastPeerId, status: 1 });
      this.#socket.end();
      this.#end(error);
    }
  }

  #take(frame: SpdyFrame): void {
    switch (frame.type) {
      case 'synStream':
        return this.#accept(frame);
      case 'data': {
        const stream = this.#streams.get(frame.streamId);
        if (stream === undefined) {
          if (frame.streamId > this.#lastPeerId && frame.streamId >= this.#nextId)
            throw new SpdyError(`data for stream ${String(frame.streamId)}, which was never opened`);
          return;
        }
        return stream.receive(frame.bytes, frame.fin);
      }
      case 'synReply':
      case 'headers':
        if (frame.fin) this.#streams.get(frame.streamId)?.receive(new Uint8Array(), true);
        return;
      case 'rstStream':
        this.#streams.get(frame.streamId)?.fail(new Error(`the peer reset the stream (${String(frame.status)})`));
        return;
      case 'ping':
        // Its own are odd on a client, even on a server; the others are asked back.
        if (frame.id % 2 === (this.#options.role === 'server' ? 1 : 0)) this.#post(frame);
        return;
      case 'goAway':
      case 'settings':
      case 'windowUpdate':
        return;
    }
  }

  #accept({ streamId, headers, fin }: Extract<SpdyFrame, { type: 'synStream' }>): void {
    const ours = streamId % 2 === (this.#options.role === 'server' ? 0 : 1);
    if (streamId <= this.#lastPeerId || ours) throw new SpdyError(`stream ${String(streamId)} cannot be opened`);
    this.#lastPeerId = streamId;
    if (this.#options.onStream === undefined || this.#streams.size >= MAX_STREAMS) {
      this.#post({ type: 'rstStream', streamId, status: RST_STATUS.refusedStream });
      return;
    }
    const stream = this.#add(streamId, headers);
    this.#post({ type: 'synReply', streamId, fin: false, headers: [] });
    if (fin) stream.receive(new Uint8Array(), true);
    this.#options.onStream(stream);
  }

  #end(reason: unknown): void {
    if (this.closed.aborted) return;
    this.#closed.abort(reason);
    for (const stream of [...this.#streams.values()]) stream.fail(reason);
    this.#streams.clear();
    // What was sent gets its time to leave; then nothing holds the socket.
    if (this.#socket.writableEnded) this.#socket.resume();
    else this.#socket.destroy();
  }
}

class Stream implements SpdyStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #connection: Connection;
  #input: ReadableStreamDefaultController<Uint8Array> | undefined;
  #output: WritableStreamDefaultController | undefined;
  #writing = true;

  constructor(connection: Connection, id: number, headers: readonly SpdyHeader[]) {
    this.#connection = connection;
    this.id = id;
    this.headers = new Map(headers.map(([name, value]) => [name.toLowerCase(), value.split('\0')[0] ?? '']));
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#input = controller;
        },
        pull: () => this.#connection.setFull(this, false),
        cancel: () => this.#endInput(),
      },
      { highWaterMark: STREAM_BYTES, size: (chunk) => chunk.byteLength },
    );
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#output = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#endOutput(),
      abort: () => this.reset(),
    });
  }

  receive(bytes: Uint8Array, fin: boolean): void {
    const input = this.#input;
    if (input === undefined) return; // nobody wants it any more
    if (bytes.byteLength > 0) input.enqueue(bytes);
    if (fin) {
      input.close();
      this.#endInput();
    } else if ((input.desiredSize ?? 1) <= 0) this.#connection.setFull(this, true);
  }

  reset(): void {
    if (!this.#writing && this.#input === undefined) return;
    void this.#connection.send({ type: 'rstStream', streamId: this.id, status: RST_STATUS.cancel }).catch(() => undefined);
    this.fail(new Error('the stream was reset'));
  }

  fail(reason: unknown): void {
    this.#input?.error(reason);
    this.#input = undefined;
    if (this.#writing) this.#output?.error(reason);
    this.#writing = false;
    this.#connection.forget(this);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += FRAME_BYTES) {
      await this.#connection.send({ type: 'data', streamId: this.id, fin: false, bytes: chunk.subarray(at, at + FRAME_BYTES) });
    }
  }

  async #endOutput(): Promise<void> {
    this.#writing = false;
    if (this.#input === undefined) this.#connection.forget(this);
    await this.#connection.send({ type: 'data', streamId: this.id, fin: true, bytes: new Uint8Array() });
  }

  #endInput(): void {
    this.#input = undefined;
    this.#connection.setFull(this, false);
    if (!this.#writing) this.#connection.forget(this);
  }
}
