import { RuntimeError } from '../errors.ts';
import type { PortForwardStreams } from '../runtime.ts';
import type { PortBehavior } from './behaviors.ts';

type Connection = Awaited<ReturnType<PortForwardStreams['connect']>>;

/** The ports of a Pod: what `scripts` say of a port, else a server from which everything comes back. */
export function simulatedPorts(pod: string, scripts: () => readonly PortBehavior[]): PortForwardStreams {
  return {
    async connect(port, options) {
      options?.signal?.throwIfAborted();
      const script = scripts().find((each) => each.port === undefined || each.port === port);
      if (script?.refuse === true)
        throw new RuntimeError('UNAVAILABLE', `failed to connect to localhost:${String(port)} inside pod "${pod}": connection refused`);
      const serve = script?.serve ?? (script?.http === undefined ? echo : httpServer(script.http));
      return open(serve.bind(script), options?.signal);
    },
  };
}

/** Two pipes, crosswise, and the server at their other ends. */
function open(serve: (connection: Connection) => Promise<void> | void, signal: AbortSignal | undefined): Connection {
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const down = new TransformStream<Uint8Array, Uint8Array>();
  const near: Connection = { readable: down.readable, writable: up.writable };
  const far: Connection = { readable: up.readable, writable: down.writable };
  const cut = (reason: unknown): void => {
    void Promise.allSettled([far.readable.cancel(reason), far.writable.abort(reason), near.readable.cancel(reason), near.writable.abort(reason)]);
  };
  signal?.addEventListener('abort', () => cut(signal.reason), { once: true });
  Promise.resolve()
    .then(() => serve(far))
    .then(() => (far.writable.locked ? undefined : far.writable.close()))
    .catch((error: unknown) => cut(error));
  return near;
}

function echo({ readable, writable }: Connection): Promise<void> {
  return readable.pipeTo(writable);
}

/** Answers requests one after another. It reads only as much of HTTP/1.1 as it takes to find where a request ends. */
function httpServer({ status = 200, contentType = 'text/plain', body }: NonNullable<PortBehavior['http']>): (connection: Connection) => Promise<void> {
  const answer = new TextEncoder().encode(
    `HTTP/1.1 ${String(status)} Simulated\r\ncontent-type: ${contentType}\r\ncontent-length: ${String(new TextEncoder().encode(body).byteLength)}\r\n\r\n${body}`,
  );
  return async ({ readable, writable }) => {
    const writer = writable.getWriter();
    let pending = '';
    for await (const chunk of readable) {
      pending += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      for (let next = endOfRequest(pending); next !== undefined; next = endOfRequest(pending)) {
        pending = pending.slice(next);
        await writer.write(answer);
      }
    }
    await writer.close();
  };
}

/** Where the first request ends; undefined while it is not all there. */
function endOfRequest(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  if (/\r\ntransfer-encoding: *chunked/i.test(text.slice(0, head))) {
    const end = text.indexOf('0\r\n\r\n', head + 4);
    return end < 0 ? undefined : end + 5;
  }
  return text.length >= head + 4 + length ? head + 4 + length : undefined;
}
