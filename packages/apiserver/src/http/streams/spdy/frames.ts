/** A header: name and value. A value may hold several, with NUL between them. */
export type SpdyHeader = readonly [name: string, value: string];

/** A frame of SPDY/3.1, as far as Kubernetes' streams use them. */
export type SpdyFrame =
  | {
      readonly type: 'synStream';
      readonly streamId: number;
      readonly associatedId: number;
      readonly priority: number;
      readonly fin: boolean;
      readonly unidirectional: boolean;
      readonly headers: readonly SpdyHeader[];
    }
  | { readonly type: 'synReply' | 'headers'; readonly streamId: number; readonly fin: boolean; readonly headers: readonly SpdyHeader[] }
  | { readonly type: 'rstStream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'settings'; readonly entries: readonly { readonly id: number; readonly flags: number; readonly value: number }[] }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway'; readonly lastStreamId: number; readonly status: number }
  | { readonly type: 'windowUpdate'; readonly streamId: number; readonly delta: number }
  /** The decoder gives the bytes of a frame as they come in, so one frame may become several; only the last of them has `fin`. */
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly bytes: Uint8Array };

/** The numbers of the types of control frames. */
export const CONTROL_TYPES = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;

/** Why a stream is reset. */
export const RST_STATUS = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5, streamClosed: 9 } as const;

/** What a peer sent is no SPDY/3.1. The connection cannot go on. */
export class SpdyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SpdyError';
  }
}
