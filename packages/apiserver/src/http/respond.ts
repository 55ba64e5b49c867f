import type { Clock, Kind, KubernetesObject, Logger } from '@kybern/core';
import { stringify as stringifyYaml } from 'yaml';
import type { Books } from '../managed-fields/books.ts';
import type { ApiResponse } from '../request.ts';
import type { Representation } from './accept.ts';
import { sendBytes, sendPieces, type Transport, type WireResponse } from './body-writer.ts';
import { toStatus } from './error-body.ts';
import type { ProtobufAnswers } from './protobuf/answers.ts';
import { PROTOBUF_TYPE } from './protobuf/decode.ts';
import type { FrameCache } from './frames.ts';
import { shapeList, shapeObject, type IncludeObject, type Shape } from './shapes.ts';
import { streamWatch } from './watch-stream.ts';

/** How a client wants its answers. */
export interface Wanted extends Transport {
  readonly representation: Representation;
  readonly pretty: boolean;
  readonly includeObject: IncludeObject;
}

/** What the door keeps for its answers. */
export interface RespondTarget {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly frames: FrameCache;
  readonly books: Pick<Books, 'withManagedFields' | 'json'>;
  readonly protobufAnswers: ProtobufAnswers;
}

/** What a response depends on besides its content. */
export interface RespondContext {
  readonly target: RespondTarget;
  readonly kind: Kind;
  /** The verb, because a finished DELETE answers with a Status. */
  readonly verb: string;
  readonly wanted: Wanted;
}

/** Lists with more objects are sent in pieces. */
const PIECE_ITEMS = 64;
/** A piece ends when it has become so long: what a client has not taken yet is as much and one object at most. */
const PIECE_CHARS = 262_144;

/** Writes the answer to a request that succeeded. Resolves when all of it is handed over, or the client went away. */
export async function respond(response: WireResponse, answer: ApiResponse, context: RespondContext): Promise<void> {
  addWarnings(response, answer.warnings);
  const { wanted, kind, target } = context;
  const { clock, books } = target;
  const complete = (object: KubernetesObject): KubernetesObject => books.withManagedFields(object);
  const { as } = wanted.representation;
  const shape = as === undefined ? undefined : (): Shape => ({ ...as, includeObject: wanted.includeObject, resource: kind, nowMs: clock.now(), complete });
  if (wanted.representation.encoding === 'protobuf' && (await respondInProtobuf(response, answer, context))) return;
  switch (answer.type) {
    case 'object':
      if (answer.deleted && context.verb === 'delete') await sendObject(response, { code: 200, object: success(kind, answer.object), wanted });
      else if (shape !== undefined) await sendObject(response, { code: answer.code, object: shapeObject(answer.object, shape()), wanted });
      else if (wanted.pretty || wanted.representation.encoding === 'yaml')
        await sendObject(response, { code: answer.code, object: complete(answer.object), wanted });
      else await sendBytes(response, facesOf(answer.object, context), { body: { code: answer.code, contentType: 'application/json' }, transport: wanted });
      return;
    case 'list': {
      const { items, metadata, apiVersion, kind: listKind } = answer.list;
      if (shape !== undefined) await sendObject(response, { code: 200, object: shapeList(items, metadata, shape()), wanted });
      else if (wanted.pretty || wanted.representation.encoding === 'yaml')
        await sendObject(response, { code: 200, object: { kind: listKind, apiVersion, metadata, items: items.map(complete) }, wanted });
      else {
        const pieces = listPieces({ kind: listKind, apiVersion, metadata }, items, books);
        const body = { code: 200, contentType: 'application/json' };
        if (items.length > PIECE_ITEMS) await sendPieces(response, pieces, { body, transport: wanted });
        else await sendBytes(response, [...pieces].join(''), { body, transport: wanted });
      }
      return;
    }
    case 'watch':
      await streamWatch(response, answer.events, { ...target, caller: wanted.caller, shape });
      return;
  }
}

/** What is read is likely to be read again; what is written was told by then to those who watch. */
function facesOf(object: KubernetesObject, { target: { frames }, verb }: RespondContext): Buffer | string {
  return verb === 'get' ? frames.bytes(object) : frames.once(object);
}

/** @returns false when the answer is of a kind that has a JSON form only, which subresources may be */
async function respondInProtobuf(response: WireResponse, answer: ApiResponse, { target, kind, verb, wanted }: RespondContext): Promise<boolean> {
  const { protobufAnswers } = target;
  const body = { code: answer.code, contentType: PROTOBUF_TYPE };
  switch (answer.type) {
    case 'object': {
      const bytes = protobufAnswers.object(answer.deleted && verb === 'delete' ? (success(kind, answer.object) as KubernetesObject) : answer.object);
      if (bytes === undefined) return false;
      await sendBytes(response, bytes, { body, transport: wanted });
      return true;
    }
    case 'list': {
      const pieces = protobufAnswers.list(answer.list);
      if (answer.list.items.length > PIECE_ITEMS) await sendPieces(response, pieces, { body, transport: wanted });
      else await sendBytes(response, Buffer.concat([...pieces]), { body, transport: wanted });
      return true;
    }
    case 'watch': {
      const errorEvent = (status: object): Buffer => protobufAnswers.frame({ type: 'ERROR', object: status } as never);
      const contentType = `${PROTOBUF_TYPE};stream=watch`;
      await streamWatch(response, answer.events, { ...target, frames: protobufAnswers, caller: wanted.caller, shape: undefined, errorEvent, contentType });
      return true;
    }
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
  await sendBytes(response, text, { body: { code, contentType: yaml ? 'application/yaml' : 'application/json' }, transport: wanted });
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
  books: Pick<Books, 'json'>,
): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"items":[`;
  let piece = '';
  for (let i = 0; i < items.length; i++) {
    piece += `${i === 0 ? '' : ','}${books.json(items[i] as KubernetesObject)}`;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]}`;
}

/** All warnings together may not be longer. */
const MAX_WARNING_BYTES = 4096;

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go */
function addWarnings(response: WireResponse, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
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
