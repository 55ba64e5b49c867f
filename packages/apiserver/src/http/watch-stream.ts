import { type KubernetesObject, type Logger, type WatchEvent } from '@kybern/core';
import { Subscription, type Observable, type Observer } from 'rxjs';
import type { WireResponse } from './body-writer.ts';
import type { Caller } from './caller.ts';
import { toStatus } from './error-body.ts';
import type { FrameCache } from './frames.ts';
import { shapeBookmark, shapeObject, type Shape } from './shapes.ts';

/** A watcher that has so much unread, beyond what it was sent at once at the beginning, is too slow: it is cut off and has to list again. */
const MAX_UNREAD_BYTES = 8 * 1_048_576;

/** What a stream of events depends on. */
export interface WatchStreamContext {
  readonly frames: FrameCache;
  readonly caller: Caller;
  readonly logger: Logger;
  /** Undefined: the objects themselves. Asked for every event, because ages go on. */
  readonly shape: (() => Shape) | undefined;
  /** Default: JSON. */
  readonly contentType?: string;
  /** How an error ends the stream. Default: a line of JSON. */
  readonly errorEvent?: (status: object) => Buffer;
}

/** Writes events as lines of JSON until the watch or the client ends. */
export function streamWatch(response: WireResponse, events: Observable<WatchEvent<KubernetesObject>>, context: WatchStreamContext): Promise<void> {
  response.writeHead(200, { 'content-type': context.contentType ?? 'application/json' });
  response.flushHeaders();
  const { signal } = context.caller;
  return new Promise((resolve) => {
    const finish = (): void => {
      signal.removeEventListener('abort', stop);
      if (!response.writableEnded) response.end();
      resolve();
    };
    // What exists is told in one go, however much it is: nobody can have read it yet.
    let turn: 'none' | 'first' | 'later' = 'none';
    let beginning = 0;
    const write = (line: Buffer | string): void => {
      response.write(line);
      const unread = response.writableLength;
      if (turn === 'none') {
        turn = 'first';
        void Promise.resolve().then(() => (turn = 'later'));
      }
      if (turn === 'first') beginning = unread;
      else if (unread < MAX_UNREAD_BYTES) beginning = 0;
      if (unread <= MAX_UNREAD_BYTES + beginning) return;
      context.logger.warn('a watcher that reads too slowly is cut off', {});
      subscription.unsubscribe();
      response.destroy();
      finish();
    };
    // Made before it is used: what has expired ends while it is being subscribed to.
    const subscription = new Subscription();
    const stop = (): void => {
      subscription.unsubscribe();
      finish();
    };
    const framed = framer(context);
    const observer: Observer<WatchEvent<KubernetesObject>> = {
      next: (event) => write(framed(event)),
      error: (error: unknown) => {
        const status = toStatus(error, context.logger);
        write(context.errorEvent?.(status) ?? `${JSON.stringify({ type: 'ERROR', object: status })}\n`);
        finish();
      },
      complete: finish,
    };
    subscription.add(events.subscribe(observer));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function framer({ frames, shape }: WatchStreamContext): (event: WatchEvent<KubernetesObject>) => Buffer | string {
  if (shape === undefined) return (event) => frames.frame(event);
  let first = true;
  return (event) => {
    const now = shape();
    const object = event.type === 'BOOKMARK' ? shapeBookmark(event.object, now) : shapeObject(event.object, now);
    // The columns are the same for all events: they are told once.
    const sent = first || now.kind !== 'Table' ? object : { ...object, columnDefinitions: [] };
    if (event.type !== 'BOOKMARK') first = false;
    return `${JSON.stringify({ type: event.type, object: sent })}\n`;
  };
}
