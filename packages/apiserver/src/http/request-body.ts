import type { IncomingMessage } from 'node:http';
import { ApiError } from '@kybern/core';
import { parse as parseYaml } from 'yaml';
import type { PatchType } from '../request.ts';

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
  const patchType = PATCH_TYPES[type];
  if (patchType === undefined) throw unsupported(type, Object.keys(PATCH_TYPES));
  return patchType;
}

/** Reads and parses a body; undefined when there is none. @throws {ApiError} `RequestEntityTooLarge`, `UnsupportedMediaType`, `BadRequest` */
export async function readBody(request: WireRequest): Promise<unknown> {
  const text = decodeUtf8(await readBytes(request));
  if (text === '') return undefined;
  const type = mediaType(request);
  if (type === '' || type.endsWith('json')) return parseJson(text);
  if (type.endsWith('yaml')) return parseYamlText(text);
  throw unsupported(type, ['application/json', 'application/yaml']);
}

async function readBytes(request: WireRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ApiError('RequestEntityTooLarge', `the request body is larger than ${String(MAX_BODY_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

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
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError('BadRequest', `the body of the request was in an unknown format - not JSON: ${messageOf(cause)}`, { cause });
  }
}

function parseYamlText(text: string): unknown {
  try {
    return parseYaml(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw new ApiError('BadRequest', `the body of the request was in an unknown format - not YAML: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unsupported(type: string, accepted: readonly string[]): ApiError {
  return new ApiError('UnsupportedMediaType', `the body of the request was in an unknown format "${type}" - accepted media types include: ${accepted.join(', ')}`);
}
