import { type KubernetesObject, type Logger, type WatchEvent } from '@kybern/core';
import { Subscription, type Observable, type Observer } from 'rxjs';
import type { WireResponse } from './body-writer.ts';
import { toStatus } from './error-body.ts';
import type { FrameCache } from './frames.ts';
import { shapeBookmark, shapeObject, type Shape } from './shapes.ts';

/** A watcher that has so much unread is too slow: it is cut off and has to list again. */
const MAX_UNREAD_BYTES = 8 * 1_048_576;

/** What a stream of events depends on. */
export interface WatchStreamContext {
  readonly frames: FrameCache;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Undefined: the objects themselves. Asked for every event, because ages go on. */
  readonly shape: (() => Shape) | undefined;
}

/** Writes events as lines of JSON until the watch or the client ends. */
export function streamWatch(response: WireResponse, events: Observable<WatchEvent<KubernetesObject>>, context: WatchStreamContext): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  return new Promise((resolve) => {
    const finish = (): void => {
      context.signal.removeEventListener('abort', stop);
      if (!response.writableEnded) response.end();
      resolve();
    };
    const write = (line: Buffer | string): void => {
      response.write(line);
      if (response.writableLength <= MAX_UNREAD_BYTES) return;
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
        write(`${JSON.stringify({ type: 'ERROR', object: toStatus(error, context.logger) })}\n`);
        finish();
      },
      complete: finish,
    };
    subscription.add(events.subscribe(observer));
    if (context.signal.aborted) stop();
    else context.signal.addEventListener('abort', stop, { once: true });
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
