import type { ServerResponse } from 'node:http';
import { ApiError, isApiError, type Clock, type Kind, type KubernetesObject, type Logger, type ObjectList, type Status, type WatchEvent } from '@kybern/core';
import type { Observable, Observer } from 'rxjs';
import { Subscription } from '../internal/rx.ts';
import { printTable } from '../printers/print-table.ts';
import type { ApiResponse } from '../request.ts';

/** A response of either protocol: HTTP/2's compatibility API has all of `ServerResponse` that is used here. */
export type WireResponse = ServerResponse;

/** A watcher that has so much unread is too slow: it is cut off and has to list again. */
const MAX_UNREAD_BYTES = 8 * 1_048_576;

/** What a response depends on besides its content. */
export interface RespondContext {
  readonly kind: Kind;
  readonly clock: Clock;
  /** The client asked for Tables. */
  readonly table: boolean;
  /** The verb, because a finished DELETE answers with a Status. */
  readonly verb: string;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Writes the answer to a request that succeeded. Resolves when all of it is written, or the client went away. */
export async function respond(response: WireResponse, answer: ApiResponse, context: RespondContext): Promise<void> {
  for (const warning of answer.warnings) response.appendHeader('warning', `299 - "${warning.replaceAll(/["\\]/g, (char) => `\\${char}`)}"`);
  switch (answer.type) {
    case 'object':
      if (answer.deleted && context.verb === 'delete' && !context.table) sendJson(response, 200, success(context.kind, answer.object));
      else sendJson(response, answer.code, context.table ? tableOf([answer.object], context) : answer.object);
      return;
    case 'list':
      sendJson(response, answer.code, listBody(answer.list, context));
      return;
    case 'watch':
      await streamWatch(response, answer.events, context);
      return;
  }
}

/** Writes any JSON body. */
export function sendJson(response: WireResponse, code: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}

/** Writes an error as Kubernetes' Status. Anything but an {@link ApiError} is a bug here: it is logged and answered as InternalError. */
export function sendError(response: WireResponse, error: unknown, logger: Logger): void {
  const status = toStatus(error, logger);
  const retryAfter = status.details?.retryAfterSeconds;
  if (response.headersSent) {
    response.end();
    return;
  }
  if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
  sendJson(response, status.code ?? 500, status);
}

function toStatus(error: unknown, logger: Logger): Status {
  if (isApiError(error)) return error.toStatus();
  logger.error('a request failed in the server', { error });
  return new ApiError('InternalError', `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`, { cause: error }).toStatus();
}

function success(kind: Kind, object: KubernetesObject): object {
  const details = { name: object.metadata.name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, uid: object.metadata.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function listBody(list: ObjectList<KubernetesObject>, context: RespondContext): object {
  if (context.table) return printTable({ kind: context.kind, objects: list.items, metadata: list.metadata, nowMs: context.clock.now() });
  return { kind: list.kind, apiVersion: list.apiVersion, metadata: list.metadata, items: list.items };
}

function tableOf(objects: readonly KubernetesObject[], context: RespondContext): object {
  return printTable({ kind: context.kind, objects, nowMs: context.clock.now() });
}

function streamWatch(response: WireResponse, events: Observable<WatchEvent<KubernetesObject>>, context: RespondContext): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  return new Promise((resolve) => {
    const finish = (): void => {
      context.signal.removeEventListener('abort', stop);
      if (!response.writableEnded) response.end();
      resolve();
    };
    const write = (line: object): void => {
      response.write(`${JSON.stringify(line)}\n`);
      if (response.writableLength <= MAX_UNREAD_BYTES) return;
      context.logger.warn('a watcher that reads too slowly is cut off', { kind: context.kind.kind });
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
    const observer: Observer<WatchEvent<KubernetesObject>> = {
      next: (event) => write(context.table && event.type !== 'BOOKMARK' ? { type: event.type, object: tableOf([event.object], context) } : event),
      error: (error: unknown) => {
        write({ type: 'ERROR', object: toStatus(error, context.logger) });
        finish();
      },
      complete: finish,
    };
    subscription.add(events.subscribe(observer));
    if (context.signal.aborted) stop();
    else context.signal.addEventListener('abort', stop, { once: true });
  });
}
