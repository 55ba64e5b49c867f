import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { RuntimeError } from '../../errors.ts';
import { dataFrame, numbersFrame, SPDY, SpdyFrameReader, SynStreamWriter, type SpdyFrame } from './spdy-frames.ts';

/** One stream of a {@link SpdyClient}. */
export interface SpdyStream {
  readonly readable: ReadableStream<Uint8Array>;
  /** Closing it tells the peer that no more comes; what the peer sends goes on. */
  readonly writable: WritableStream<Uint8Array>;
}

/** A connection that was upgraded to SPDY/3.1, from the side of the client. */
export interface SpdyClient {
  /** Opens a stream and waits until the peer accepts it. @throws {RuntimeError} `UNAVAILABLE` */
  open(headers: Readonly<Record<string, string>>): Promise<SpdyStream>;
  close(): void;
}

/** How far the peer may go ahead of whoever reads a stream. */
const WINDOW_BYTES = 64 * 1024;
const CHUNK_BYTES = 32 * 1024;

/**
 * Asks the server at `url` to speak SPDY/3.1, as kubelets do with the addresses that runtimes hand out.
 *
 * @param protocol `v4.channel.k8s.io` or `portforward.k8s.io`
 * @throws {RuntimeError} `UNAVAILABLE` when it does not
 */
export function connectSpdy(url: string, protocol: string, signal?: AbortSignal): Promise<SpdyClient> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method: 'POST',
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol, 'content-length': '0' },
      ...(signal === undefined ? {} : { signal }),
    });
    asked.on('upgrade', (_answer, socket, head) => resolve(new SpdyConnection(socket, head)));
    asked.on('response', (answer) => {
      answer.resume();
      reject(new RuntimeError('UNAVAILABLE', `the streaming server answered with ${String(answer.statusCode)}, not with an upgrade`));
    });
    asked.on('error', (error) => {
      if (signal?.aborted === true) reject(signal.reason as Error);
      else reject(new RuntimeError('UNAVAILABLE', error.message, { cause: error }));
    });
    asked.end();
  });
}

class SpdyConnection implements SpdyClient {
  readonly #socket: Duplex;
  readonly #frames = new SpdyFrameReader();
  readonly #syn = new SynStreamWriter();
  readonly #streams = new Map<number, StreamState>();
  /** Those whose reader is behind: while there are any, nothing is read from the socket. */
  readonly #full = new Set<StreamState>();
  #nextId = 1;
  #over: RuntimeError | undefined;

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('the connection was closed'));
    if (head.length > 0) this.#onData(head);
  }

  open(headers: Readonly<Record<string, string>>): Promise<SpdyStream> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const id = this.#nextId;
    this.#nextId += 2;
    return new Promise((resolve, reject) => {
      const state = new StreamState(id, { send: (frame) => this.#send(frame), onFull: (full) => this.#onFull(state, full) });
      this.#streams.set(id, state);
      state.onReply = (error) => (error === undefined ? resolve(state) : reject(error));
      void this.#send(this.#syn.frame(id, headers));
    });
  }

  close(): void {
    this.#end('the connection was closed');
  }

  #onFull(stream: StreamState, full: boolean): void {
    if (full) this.#full.add(stream);
    else this.#full.delete(stream);
    if (this.#full.size > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Resolves when there is room for more. */
  #send(frame: Buffer): Promise<void> {
    if (this.#over !== undefined || this.#socket.writableEnded) return Promise.resolve();
    if (this.#socket.write(frame)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  #onData(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#onFrame(frame);
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #onFrame(frame: SpdyFrame): void {
    if (frame.type === 'data') {
      this.#streams.get(frame.stream)?.onData(frame.data, frame.fin);
      return;
    }
    const id = frame.body.length >= 4 ? frame.body.readUInt32BE(0) & 0x7fffffff : 0;
    if (frame.kind === SPDY.synReply) this.#streams.get(id)?.onAccepted(frame.fin);
    else if (frame.kind === SPDY.rstStream) this.#streams.get(id)?.fail(new RuntimeError('UNAVAILABLE', 'the stream was reset'));
    else if (frame.kind === SPDY.ping) void this.#send(numbersFrame(SPDY.ping, id));
    else if (frame.kind === SPDY.goAway) for (const stream of this.#streams.values()) stream.onReply?.(new RuntimeError('UNAVAILABLE', 'the server goes away'));
  }

  #end(why: string): void {
    if (this.#over !== undefined) return;
    this.#over = new RuntimeError('UNAVAILABLE', why);
    for (const stream of this.#streams.values()) stream.end(this.#over);
    this.#socket.destroy();
  }
}

/** What a stream asks of its connection. */
interface StreamPorts {
  send(frame: Buffer): Promise<void>;
  /** Whether whoever reads the stream is behind. */
  onFull(full: boolean): void;
}

class StreamState implements SpdyStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  onReply: ((error?: RuntimeError) => void) | undefined;
  readonly #id: number;
  readonly #ports: StreamPorts;
  #reading: ReadableStreamDefaultController<Uint8Array> | undefined;
  #writing: WritableStreamDefaultController | undefined;
  /** What came and was not read yet: the peer gets as much room again as is read. */
  #unread = 0;
  #over = false;

  constructor(id: number, ports: StreamPorts) {
    this.#id = id;
    this.#ports = ports;
    const end = (): Promise<void> => ports.send(dataFrame(id, new Uint8Array(0), true));
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#reading = controller),
        pull: () => this.#giveRoom(),
        cancel: () => {
          this.#over = true;
          ports.onFull(false);
        },
      },
      { highWaterMark: WINDOW_BYTES, size: (chunk) => chunk.length },
    );
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => void (this.#writing = controller),
      write: (chunk) => this.#write(chunk),
      close: end,
      abort: end,
    });
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES) await this.#ports.send(dataFrame(this.#id, chunk.subarray(at, at + CHUNK_BYTES), false));
  }

  #giveRoom(): void {
    this.#ports.onFull(false);
    if (this.#unread === 0) return;
    void this.#ports.send(numbersFrame(SPDY.windowUpdate, this.#id, this.#unread));
    this.#unread = 0;
  }

  onAccepted(fin: boolean): void {
    this.onReply?.();
    this.onReply = undefined;
    if (fin) this.end();
  }

  onData(data: Buffer, fin: boolean): void {
    if (!this.#over && data.length > 0) {
      this.#unread += data.length;
      this.#reading?.enqueue(new Uint8Array(data));
      if ((this.#reading?.desiredSize ?? 1) <= 0) this.#ports.onFull(true);
    }
    // What nobody reads is dropped, and must not hold the peer up.
    if (this.#over) void this.#ports.send(numbersFrame(SPDY.windowUpdate, this.#id, data.length));
    if (fin) this.end();
  }

  fail(error: RuntimeError): void {
    this.onReply?.(error);
    this.onReply = undefined;
    this.#writing?.error(error);
    this.end();
  }

  /** The peer sends no more. @param lost also takes no more */
  end(lost?: RuntimeError): void {
    if (lost !== undefined) {
      this.onReply?.(lost);
      this.onReply = undefined;
      this.#writing?.error(lost);
    }
    if (!this.#over) this.#reading?.close();
    this.#over = true;
  }
}
