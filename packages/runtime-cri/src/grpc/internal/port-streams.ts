import { RuntimeError } from '../../errors.ts';
import { readText } from './command-streams.ts';
import { connectSpdy, type SpdyClient, type SpdyStream } from './spdy-client.ts';

/** One connection to a port of a PodSandbox. */
export interface PortConnection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Opens one connection at the address that PortForward gave. The runtime accepts before it has reached the port: when it does not, reading fails with what it says.
 *
 * @throws {RuntimeError} `UNAVAILABLE` when nobody answers at the address
 */
export async function openPort(url: string, port: number, signal?: AbortSignal): Promise<PortConnection> {
  const client = await connectSpdy(url, 'portforward.k8s.io', signal);
  try {
    const headers = { port: String(port), requestid: '0' };
    const error = await client.open({ streamtype: 'error', ...headers });
    const data = await client.open({ streamtype: 'data', ...headers });
    void error.writable.close().catch(() => undefined);
    return joined(client, data, readText(error.readable));
  } catch (error) {
    client.close();
    throw error;
  }
}

/** The connection is closed when both directions have ended. */
function joined(client: SpdyClient, data: SpdyStream, failure: Promise<string>): PortConnection {
  let open = 2;
  const ended = (): void => {
    open -= 1;
    if (open === 0) client.close();
  };
  const reader = data.readable.getReader();
  const writer = data.writable.getWriter();
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      const text = await failure.catch(() => '');
      ended();
      if (text === '') controller.close();
      else controller.error(new RuntimeError('UNAVAILABLE', text));
    },
    async cancel(reason) {
      await reader.cancel(reason);
      client.close();
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => writer.write(chunk),
    async close() {
      await writer.close();
      ended();
    },
    async abort(reason) {
      await writer.abort(reason);
      client.close();
    },
  });
  return { readable, writable };
}
