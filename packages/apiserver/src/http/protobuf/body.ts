import { ApiError, type KindModel } from '@kybern/core';
import { findBodyModel } from '@kybern/core/kinds';
import type { KindRegistry } from '../../registry.ts';
import { decodeMessage, openEnvelope } from './decode.ts';
import { readFieldTable, type FieldTable } from './field-table.ts';

/** Reads bodies in Kubernetes' protocol buffers. */
export interface ProtobufReader {
  /** The body in its JSON form. @throws {ApiError} `BadRequest`; `UnsupportedMediaType` for kinds that only have a JSON form */
  read(bytes: Buffer): Promise<unknown>;
}

/** Makes a {@link ProtobufReader}; the table of field numbers is read when the first body comes. */
export function createProtobufReader(kinds: KindRegistry): ProtobufReader {
  let table: FieldTable | undefined;
  return {
    async read(bytes) {
      const { apiVersion, kind, raw } = openEnvelope(bytes);
      const model = await modelOf(kinds, apiVersion, kind);
      table ??= readFieldTable();
      if (model === undefined || !table.has(model.schema.named?.name ?? ''))
        throw new ApiError(
          'UnsupportedMediaType',
          `the body of the request was in an unknown format - ${kind} (${apiVersion}) is accepted as application/json and application/yaml`,
        );
      return { apiVersion, kind, ...decodeMessage(raw, model.schema, table) };
    },
  };
}

/** The model of what a body or an answer is. Options come under the group of what they are for. */
export function modelOf(kinds: KindRegistry, apiVersion: string, kind: string): Promise<KindModel> | undefined {
  return kinds.find(apiVersion, kind)?.model() ?? findBodyModel(apiVersion, kind) ?? (kind === 'DeleteOptions' ? findBodyModel('v1', kind) : undefined);
}
