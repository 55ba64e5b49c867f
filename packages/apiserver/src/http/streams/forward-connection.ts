import type { ByteConnection } from '@kybern/core';

/** One forwarded connection: its data, and a place for why it failed. */
export interface ForwardedStreams {
  readonly data: ByteConnection;
  /** Tells why there is no connection. */
  fail(message: string): Promise<void>;
}

/** What a forward needs. */
export interface Forward {
  readonly port: number;
  /** Names the Pod in messages. */
  readonly about: string;
  connect(port: number): Promise<ByteConnection>;
}

/**
 * Forwards one connection until both of its sides are done. Never rejects: what goes wrong is told to the client.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/httpstream.go (portForward)
 */
export async function forwardConnection({ data, fail }: ForwardedStreams, { port, about, connect }: Forward): Promise<void> {
  try {
    const remote = await connect(port);
    await Promise.all([data.readable.pipeTo(remote.writable), remote.readable.pipeTo(data.writable)]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // When not even this reaches the client, its connection is gone, and both ends are closed below.
    await fail(`error forwarding port ${String(port)} to ${about}: ${why}`).catch(() => undefined);
    await Promise.allSettled([data.readable.cancel(error), data.writable.abort(error)]);
  }
}
