import { createHash } from 'node:crypto';
import type { Kind } from '@kybern/core';
import type { CustomModel } from '../../customresources/custom-model.ts';
import type { KindRegistry } from '../../registry.ts';
import { openApiV2, openApiV3, type TypedKind } from './documents.ts';
import { encodeOpenApiV2 } from './protobuf.ts';
import { rootOf } from './types.ts';

/** A document ready to be sent. */
export interface OpenApiDocument {
  readonly contentType: string;
  readonly bytes: Buffer;
  /** Upper-case hexadecimal SHA-512 of the bytes: the ETag, and the `hash` of the index. */
  readonly hash: string;
}

/** The OpenAPI documents of a server, made when they are asked for and made anew when kinds come or go. */
export interface OpenApi {
  /** The body of `/openapi/v3`: where the document of each group and version is. */
  index(): Promise<OpenApiDocument>;
  /** @param path `api/v1`, `apis/apps/v1`; undefined when there is no such group and version */
  groupVersion(path: string): Promise<OpenApiDocument | undefined>;
  /** `/openapi/v2`. */
  swagger(format: 'json' | 'protobuf'): Promise<OpenApiDocument>;
}

interface Cached {
  readonly kinds: readonly Kind[];
  readonly document: Promise<OpenApiDocument>;
}

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** Makes an {@link OpenApi}. @param version what `info.version` says */
export function createOpenApi(registry: KindRegistry, version: string): OpenApi {
  const cache = new Map<string, Cached>();
  const remember = (key: string, kinds: readonly Kind[], make: (typed: readonly TypedKind[]) => Omit<OpenApiDocument, 'hash'>): Promise<OpenApiDocument> => {
    const known = cache.get(key);
    if (known !== undefined && known.kinds.length === kinds.length && known.kinds.every((kind, index) => kind === kinds[index])) return known.document;
    const document = loadSchemas(kinds).then((typed) => withHash(make(typed)));
    const entry: Cached = { kinds: [...kinds], document };
    cache.set(key, entry);
    // What failed is tried again by the next request.
    document.catch(() => cache.get(key) === entry && cache.delete(key));
    return document;
  };
  const roots = (): Map<string, Kind[]> => Map.groupBy(registry.list(), rootOf);
  const groupVersion: OpenApi['groupVersion'] = async (path) => {
    const kinds = roots().get(path);
    return kinds === undefined ? undefined : remember(path, kinds, (typed) => json(openApiV3(typed, version)));
  };
  const swagger = (): Promise<OpenApiDocument> => remember('v2', registry.list(), (typed) => json(openApiV2(typed, version)));
  return {
    groupVersion,
    async index() {
      const entries = await Promise.all(
        [...roots().keys()].map(async (path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${(await groupVersion(path))?.hash ?? ''}` }]),
      );
      return withHash(json({ paths: Object.fromEntries(entries) as object }));
    },
    swagger: (format) =>
      format === 'json'
        ? swagger()
        : remember('v2.pb', registry.list(), (typed) => ({ contentType: PROTOBUF_TYPE, bytes: Buffer.from(encodeOpenApiV2(openApiV2(typed, version))) })),
  };
}

async function loadSchemas(kinds: readonly Kind[]): Promise<readonly TypedKind[]> {
  const models = await Promise.all(kinds.map((kind) => kind.model()));
  return kinds.flatMap((kind, index) => {
    const model = models[index];
    return model === undefined ? [] : [{ kind, schema: model.schema, custom: (model as Partial<CustomModel>).custom?.openApi }];
  });
}

function json(document: object): Omit<OpenApiDocument, 'hash'> {
  return { contentType: JSON_TYPE, bytes: Buffer.from(JSON.stringify(document)) };
}

function withHash(document: Omit<OpenApiDocument, 'hash'>): OpenApiDocument {
  return { ...document, hash: createHash('sha512').update(document.bytes).digest('hex').toUpperCase() };
}
