import type { IncomingMessage } from 'node:http';
import { ApiError, isApiError, type Clock } from '@kybern/core';
import { parse as parseYaml } from 'yaml';
import type { PatchType } from '../request.ts';
import type { ProtobufReader } from './protobuf/body.ts';
import { PROTOBUF_TYPE } from './protobuf/decode.ts';

/** The largest body that is read. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/server/config.go (MaxRequestBodyBytes) */
export const MAX_BODY_BYTES: number = 3 * 1_048_576;

/** A request of either protocol: HTTP/2's compatibility API has all of `IncomingMessage` that is used here. */
export type WireRequest = IncomingMessage;

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
export async function readBody(request: WireRequest, { clock, patchType, protobuf }: BodyOptions): Promise<unknown> {
  const type = mediaType(request);
  const yaml = type.endsWith('yaml');
  const known = patchType !== undefined || type === '' || type === '*/*' || type === 'application/json' || type === 'application/yaml';
  const bytes = await readBytes(request, clock);
  if (bytes.length === 0) return undefined;
  if (type === PROTOBUF_TYPE && patchType === undefined) return protobuf.read(bytes);
  if (!known) throw unsupported(['application/json', 'application/yaml', PROTOBUF_TYPE]);
  const text = decodeUtf8(bytes);
  // JSON is YAML, and much faster to read: clients send it under both names.
  return yaml ? parseEither(text) : parseJson(text);
}

function readBytes(request: WireRequest, clock: Clock): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const cancel = clock.after(BODY_TIMEOUT_MS, () => settle(() => reject(new ApiError('Timeout', 'the request body did not come in time'))), {
      background: true,
    });
    const settle = (then: () => void): void => {
      cancel();
      request.off('data', onData).off('end', onEnd).off('error', onFault).off('close', onFault).off('aborted', onFault);
      then();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else settle(() => reject(tooLarge()));
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)));
    const onFault = (): void => settle(() => reject(new ApiError('BadRequest', 'the request body was cut off')));
    request.on('data', onData).on('end', onEnd).on('error', onFault).on('close', onFault).on('aborted', onFault);
  });
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${String(MAX_BODY_BYTES)}`);
}

/** Deeper documents are refused before anything that calls itself looks at them. */
const MAX_DEPTH = 500;

function checkDepth(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (quoted) {
      if (char === BACKSLASH) i += 1;
      else if (char === QUOTE) quoted = false;
    } else if (char === QUOTE) quoted = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_DEPTH) throw new ApiError('BadRequest', `the body of the request is nested deeper than ${String(MAX_DEPTH)} levels`);
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth -= 1;
  }
}

const [BACKSLASH, QUOTE, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [92, 34, 123, 125, 91, 93];

function mediaType(request: WireRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ApiError('BadRequest', 'the body of the request was not valid UTF-8', { cause });
  }
}

function parseJson(text: string): unknown {
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError('BadRequest', `the body of the request was in an unknown format - not JSON: ${messageOf(cause)}`, { cause });
  }
}

function parseEither(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return parseYamlText(text);
  try {
    checkDepth(text);
    return JSON.parse(text);
  } catch (error) {
    if (isApiError(error)) throw error;
    return parseYamlText(text); // it may still be YAML in its short form
  }
}

function parseYamlText(text: string): unknown {
  try {
    const value: unknown = parseYaml(text, { maxAliasCount: 100 });
    checkDepth(JSON.stringify(value) ?? '');
    return value;
  } catch (cause) {
    if (isApiError(cause)) throw cause;
    throw new ApiError('BadRequest', `the body of the request was in an unknown format - not YAML: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unsupported(accepted: readonly string[]): ApiError {
  return new ApiError('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
}
