import type { Clock, Kind, KubernetesObject, Logger } from '@kybern/core';
import { stringify as stringifyYaml } from 'yaml';
import type { Books } from '../managed-fields/books.ts';
import type { ApiResponse } from '../request.ts';
import type { Representation } from './accept.ts';
import { sendBytes, sendPieces, type Transport, type WireResponse } from './body-writer.ts';
import { toStatus } from './error-body.ts';
import type { FrameCache } from './frames.ts';
import { shapeList, shapeObject, type IncludeObject, type Shape } from './shapes.ts';
import { streamWatch } from './watch-stream.ts';

/** How a client wants its answers. */
export interface Wanted extends Transport {
  readonly representation: Representation;
  readonly pretty: boolean;
  readonly includeObject: IncludeObject;
}

/** What a response depends on besides its content. */
export interface RespondContext {
  readonly kind: Kind;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly frames: FrameCache;
  readonly books: Pick<Books, 'withManagedFields'>;
  /** The verb, because a finished DELETE answers with a Status. */
  readonly verb: string;
  readonly wanted: Wanted;
}

/** Lists with more objects are sent in pieces. */
const PIECE_ITEMS = 64;

/** Writes the answer to a request that succeeded. Resolves when all of it is handed over, or the client went away. */
export async function respond(response: WireResponse, answer: ApiResponse, context: RespondContext): Promise<void> {
  addWarnings(response, answer.warnings);
  const { wanted, clock, kind } = context;
  const complete = (object: KubernetesObject): KubernetesObject => context.books.withManagedFields(object);
  const { as } = wanted.representation;
  const shape = as === undefined ? undefined : (): Shape => ({ ...as, includeObject: wanted.includeObject, resource: kind, nowMs: clock.now(), complete });
  switch (answer.type) {
    case 'object':
      if (answer.deleted && context.verb === 'delete') await sendObject(response, { code: 200, object: success(kind, answer.object), wanted });
      else if (shape !== undefined) await sendObject(response, { code: answer.code, object: shapeObject(answer.object, shape()), wanted });
      else if (wanted.pretty || wanted.representation.encoding === 'yaml')
        await sendObject(response, { code: answer.code, object: complete(answer.object), wanted });
      else await sendBytes(response, context.frames.json(answer.object), { body: { code: answer.code, contentType: 'application/json' }, transport: wanted });
      return;
    case 'list': {
      const { items, metadata, apiVersion, kind: listKind } = answer.list;
      if (shape !== undefined) await sendObject(response, { code: 200, object: shapeList(items, metadata, shape()), wanted });
      else if (items.length <= PIECE_ITEMS || wanted.pretty || wanted.representation.encoding === 'yaml')
        await sendObject(response, { code: 200, object: { kind: listKind, apiVersion, metadata, items: items.map(complete) }, wanted });
      else
        await sendPieces(response, listPieces({ kind: listKind, apiVersion, metadata }, items, complete), {
          body: { code: 200, contentType: 'application/json' },
          transport: wanted,
        });
      return;
    }
    case 'watch':
      await streamWatch(response, answer.events, { ...context, signal: wanted.signal, shape });
      return;
  }
}

/** Sends any object in the encoding that the client wants. */
export async function sendObject(
  response: WireResponse,
  { code, object, wanted }: { code: number; object: object; wanted: Omit<Wanted, 'includeObject'> },
): Promise<void> {
  const yaml = wanted.representation.encoding === 'yaml';
  const text = yaml
    ? stringifyYaml(object, { aliasDuplicateObjects: false })
    : wanted.pretty
      ? `${JSON.stringify(object, undefined, 2)}\n`
      : JSON.stringify(object);
  await sendBytes(response, Buffer.from(text), { body: { code, contentType: yaml ? 'application/yaml' : 'application/json' }, transport: wanted });
}

/** Writes an error as Kubernetes' Status. When the answer has begun it is cut off, so that nobody takes it for whole. */
export function sendError(
  response: WireResponse,
  error: unknown,
  { logger, headers = {} }: { logger: Logger; headers?: Readonly<Record<string, string>> },
): void {
  const status = toStatus(error, logger);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfter = status.details?.retryAfterSeconds;
  const bytes = Buffer.from(JSON.stringify(status));
  response.writeHead(status.code ?? 500, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...headers,
  });
  response.end(bytes);
}

function* listPieces(
  head: { readonly kind: string; readonly apiVersion: string; readonly metadata: object },
  items: readonly KubernetesObject[],
  complete: (object: KubernetesObject) => KubernetesObject,
): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"items":[`;
  for (let start = 0; start < items.length; start += PIECE_ITEMS) {
    const piece = JSON.stringify(items.slice(start, start + PIECE_ITEMS).map(complete));
    yield `${start === 0 ? '' : ','}${piece.slice(1, -1)}`;
  }
  yield ']}';
}

/** All warnings together may not be longer. */
const MAX_WARNING_BYTES = 4096;

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go */
function addWarnings(response: WireResponse, warnings: readonly string[]): void {
  let left = MAX_WARNING_BYTES;
  for (const warning of new Set(warnings)) {
    const text = warning.replaceAll(/[\u0000-\u001F\u007F]+/g, ' ').replaceAll(/["\\]/g, (char) => `\\${char}`);
    left -= Buffer.byteLength(text);
    if (left < 0) return;
    // Header values are bytes: UTF-8, which Go clients read as such.
    response.appendHeader('warning', `299 - "${Buffer.from(text, 'utf8').toString('latin1')}"`);
  }
}

function success(kind: Kind, object: KubernetesObject): object {
  const details = { name: object.metadata.name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, uid: object.metadata.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
