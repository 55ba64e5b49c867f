import { isUtf8 } from 'node:buffer';
import { ApiError, type Clock } from '@kybern/core';
import type { PatchType } from '../request.ts';
import { parseBody, type ParsedBody } from './parse-body.ts';
import type { ProtobufReader } from './protobuf/body.ts';
import { PROTOBUF_TYPE } from './protobuf/decode.ts';
import { bodyOf, type WireRequest } from './wire.ts';

/** The largest body that is read. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/server/config.go (MaxRequestBodyBytes) */
export const MAX_BODY_BYTES: number = 3 * 1_048_576;

export type { WireRequest } from './wire.ts';

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** The format of a PATCH body. @throws {ApiError} `UnsupportedMediaType` */
export function patchTypeOf(request: WireRequest): PatchType {
  const type = mediaType(request);
  const patchType = Object.hasOwn(PATCH_TYPES, type) ? PATCH_TYPES[type] : undefined;
  if (patchType === undefined) throw unsupported(Object.keys(PATCH_TYPES));
  return patchType;
}

/** What reading a body depends on. */
export interface BodyOptions {
  readonly clock: Clock;
  /** Patches come in media types of their own. */
  readonly patchType?: PatchType | undefined;
  readonly protobuf: ProtobufReader;
}

/** How long a client may take to send a body. */
const BODY_TIMEOUT_MS = 60_000;

/** Reads and parses a body; undefined when there is none. @throws {ApiError} `RequestEntityTooLarge`, `UnsupportedMediaType`, `BadRequest`, `Timeout` */
export async function readBody(request: WireRequest, { clock, patchType, protobuf }: BodyOptions): Promise<ParsedBody> {
  const type = mediaType(request);
  const yaml = type.endsWith('yaml');
  const known = patchType !== undefined || type === '' || type === '*/*' || type === 'application/json' || type === 'application/yaml';
  const bytes = await readBytes(request, clock);
  if (bytes.length === 0) return NOTHING;
  if (type === PROTOBUF_TYPE && patchType === undefined) return { value: await protobuf.read(bytes), duplicates: [] };
  if (!known) throw unsupported(['application/json', 'application/yaml', PROTOBUF_TYPE]);
  return parseBody(decodeUtf8(bytes), { yaml });
}

const NOTHING: ParsedBody = Object.freeze({ value: undefined, duplicates: Object.freeze([]) });

function readBytes(request: WireRequest, clock: Clock): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const source = bodyOf(request);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (then: () => void): void => {
      cancel();
      source.off('data', onData).off('end', onEnd).off('error', onFault).off('close', onFault).off('aborted', onFault);
      then();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else settle(() => reject(tooLarge()));
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    const onFault = (): void => settle(() => reject(new ApiError('BadRequest', 'the request body was cut off')));
    const cancel = clock.after(BODY_TIMEOUT_MS, () => settle(() => reject(new ApiError('Timeout', 'the request body did not come in time'))), {
      background: true,
    });
    source.on('data', onData).on('end', onEnd).on('error', onFault).on('close', onFault).on('aborted', onFault);
  });
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${String(MAX_BODY_BYTES)}`);
}

function mediaType(request: WireRequest): string {
  if (request.headers['content-type'] === 'application/json') return 'application/json';
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new ApiError('BadRequest', 'the body of the request was not valid UTF-8');
  // A mark of the byte order is no part of the text.
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.toString('utf8', 3) : bytes.toString('utf8');
}

function unsupported(accepted: readonly string[]): ApiError {
  return new ApiError('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
}
