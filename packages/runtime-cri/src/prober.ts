import type { CallOptions } from '@kybern/core';

/** One question to a port of a Pod. */
export type ProbeRequest = ProbeTarget &
  (
    | {
        readonly type: 'http';
        readonly scheme: 'HTTP' | 'HTTPS';
        readonly path: string;
        readonly headers?: readonly { readonly name: string; readonly value: string }[];
      }
    | { readonly type: 'tcp' }
    | { readonly type: 'grpc'; readonly service?: string }
  );

/** Where a {@link ProbeRequest} goes, and for how long it waits. */
export interface ProbeTarget {
  /** Address or name; the Pod's IP unless the probe names another. */
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** The container whose probe this is. Informs simulations; nothing on a real network needs it. */
  readonly containerId?: string;
  /** What the answer is for. Informs simulations, too. */
  readonly purpose?: 'liveness' | 'readiness' | 'startup';
}

/** What came of a probe that was carried out. */
export interface ProbeAnswer {
  /** HTTP: a status from 200 to 399. TCP: the connection was accepted. gRPC: SERVING. A timeout is not ok. */
  readonly ok: boolean;
  /** What happened, in the words of the event `Unhealthy`. */
  readonly output: string;
}

/**
 * How a node reaches the ports of its Pods, for probes and lifecycle hooks. This is the one thing beside the CRI that a node agent needs; exec probes go
 * through the CRI.
 */
export interface Prober {
  /** Asks once. Everything that the peer can do is an answer; rejects only with the signal's reason. */
  probe(request: ProbeRequest, options?: CallOptions): Promise<ProbeAnswer>;
}
