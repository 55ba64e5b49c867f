import { portNumber } from '../../subresources/pod-ports.ts';
import { forwardConnection, type Forward } from './forward-connection.ts';
import type { SpdyStream } from './spdy/connection.ts';

/** The protocol of port forwarding over SPDY. */
export const SPDY_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** The same, with SPDY's frames inside of the messages of a WebSocket. */
export const TUNNEL_PROTOCOL: string = `SPDY/3.1+${SPDY_FORWARD_PROTOCOL}`;

/** Half a pair that waits for its other half. A client that opens more than so many of them has lost its way. */
const MAX_WAITING = 128;

/**
 * Takes the streams that a client opens, in pairs of the same `requestID`: one for data, one for errors.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/httpstream.go
 */
export function createForwarder(target: Omit<Forward, 'port'>): (stream: SpdyStream) => void {
  const waiting = new Map<string, Map<string, SpdyStream>>();
  return (stream) => {
    const type = stream.headers.get('streamtype') ?? '';
    const port = portNumber(stream.headers.get('port') ?? '');
    if ((type !== 'data' && type !== 'error') || port === undefined) {
      stream.reset();
      return;
    }
    // Old clients send no id: theirs are the id of the error stream, which they open first.
    const requestId = stream.headers.get('requestid') ?? String(type === 'error' ? stream.id : stream.id - 2);
    const pair = waiting.get(requestId) ?? new Map<string, SpdyStream>();
    if (pair.has(type) || (pair.size === 0 && waiting.size >= MAX_WAITING)) {
      stream.reset();
      return;
    }
    waiting.set(requestId, pair.set(type, stream));
    const [data, error] = [pair.get('data'), pair.get('error')];
    if (data === undefined || error === undefined) return;
    waiting.delete(requestId);
    void forwardPair(data, error, { ...target, port });
  };
}

async function forwardPair(data: SpdyStream, error: SpdyStream, forward: Forward): Promise<void> {
  // Clients send nothing here; how this half ends is nobody's concern.
  void error.readable.pipeTo(new WritableStream()).catch(() => undefined);
  const writer = error.writable.getWriter();
  await forwardConnection({ data, fail: (message) => writer.write(Buffer.from(message)) }, forward);
  // The client may have closed the stream before.
  await writer.close().catch(() => undefined);
}
