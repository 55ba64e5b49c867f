import type { Kind, KubernetesObject, ListMeta, WatchEvent } from '@kybern/core';
import type { Books } from '../../managed-fields/books.ts';
import type { KindRegistry } from '../../registry.ts';
import { createByteFaces, type FrameCache } from '../frames.ts';
import { BackwardWriter } from './backward-writer.ts';
import { modelOf } from './body.ts';
import { createMessageWriters, type MessageWriter } from './encode.ts';
import { readFieldTable } from './field-table.ts';

/** Answers in Kubernetes' protocol buffers. */
export interface ProtobufAnswers extends FrameCache {
  /** Gets ready to write objects of a kind. @returns whether there are any: kinds that a definition made have a JSON form only */
  prepare(kind: Pick<Kind, 'group' | 'version' | 'kind'>): Promise<boolean>;
  /** An object of a kind that {@link prepare} was asked for; undefined when it has a JSON form only. */
  object(object: KubernetesObject): Buffer | undefined;
  /** A list in pieces: the bytes of its items are not all in memory together. */
  list(list: ListOf): Iterable<Buffer>;
}

/** A list of objects of one kind. */
export interface ListOf {
  readonly apiVersion: string;
  /** `PodList`. */
  readonly kind: string;
  readonly metadata: ListMeta;
  readonly items: readonly KubernetesObject[];
}

/** A list says how long it is before it begins: so much of it is kept from finding that out, the rest is written again. */
const MAX_KEPT_BYTES = 16 * 1_048_576;
const MAGIC = Buffer.from('k8s\0', 'latin1');

/** Makes {@link ProtobufAnswers}. The table of field numbers is read when the first answer is wanted. */
export function createProtobufAnswers(kinds: KindRegistry, books: Pick<Books, 'withManagedFields'>): ProtobufAnswers {
  const writer = new BackwardWriter();
  const known = new Map<string, MessageWriter | undefined>();
  let writers: ReturnType<typeof createMessageWriters> | undefined;
  const load = async (apiVersion: string, kind: string): Promise<boolean> => {
    const key = `${apiVersion}/${kind}`;
    if (!known.has(key)) {
      const model = await modelOf(kinds, apiVersion, kind);
      // A kind that a definition made may come to be another one.
      if (model?.schema.named === undefined) return false;
      known.set(key, (writers ??= createMessageWriters(readFieldTable())).of(model.schema));
    }
    return known.get(key) !== undefined;
  };
  const writerOf = ({ apiVersion, kind }: KubernetesObject): MessageWriter | undefined => known.get(`${apiVersion}/${kind}`);
  const envelope = (object: KubernetesObject): Buffer => {
    writerOf(object)?.(writer, books.withManagedFields(object) as never);
    writer.close(2, 0);
    return enveloped(writer, object);
  };
  const faces = createByteFaces({ write: envelope, frame: (event, bytes) => frameOf(writer, event, bytes) });
  return {
    ...faces,
    async prepare({ group, version, kind }) {
      await load('v1', 'Status');
      return load(group === '' ? version : `${group}/${version}`, kind);
    },
    object: (object) => (writerOf(object) === undefined ? undefined : faces.bytes(object)),
    list: (list) => listPieces(list, writer, (item) => itemOf(writer, writerOf(item), books.withManagedFields(item))),
  };
}

/** Puts what an object is before its fields, which were written already. */
function enveloped(writer: BackwardWriter, { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Buffer {
  const before = writer.length;
  writeText(writer, 2, kind);
  writeText(writer, 1, apiVersion);
  writer.close(1, before);
  writer.bytes(MAGIC);
  return writer.take();
}

function writeText(writer: BackwardWriter, field: number, text: string): void {
  const before = writer.length;
  writer.text(text);
  writer.close(field, before);
}

/** An event of a watch, with its length before it. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/framer (LengthDelimitedFramer) */
function frameOf(writer: BackwardWriter, event: WatchEvent<KubernetesObject>, bytes: Buffer): Buffer {
  writer.bytes(bytes);
  writer.close(1, 0);
  writer.close(2, 0);
  writeText(writer, 1, event.type);
  const message = writer.take();
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

function itemOf(writer: BackwardWriter, write: MessageWriter | undefined, item: KubernetesObject): Buffer {
  write?.(writer, item as never);
  writer.close(2, 0);
  return writer.take();
}

function* listPieces({ apiVersion, kind, metadata, items }: ListOf, writer: BackwardWriter, write: (item: KubernetesObject) => Buffer): Generator<Buffer> {
  const kept: Buffer[] = [];
  let [total, keptBytes] = [0, 0];
  for (const item of items) {
    const bytes = write(item);
    total += bytes.length;
    keptBytes += bytes.length;
    if (keptBytes <= MAX_KEPT_BYTES) kept.push(bytes);
  }
  yield listHead(writer, { apiVersion, kind, metadata }, total);
  yield* kept;
  for (let i = kept.length; i < items.length; i++) yield write(items[i] as KubernetesObject);
}

/** Everything of a list before its items. */
function listHead(writer: BackwardWriter, { apiVersion, kind, metadata }: Omit<ListOf, 'items'>, itemBytes: number): Buffer {
  const { remainingItemCount, resourceVersion } = metadata;
  if (remainingItemCount !== undefined) {
    writer.varint(remainingItemCount);
    writer.tag(4, 0);
  }
  if (metadata.continue !== undefined) writeText(writer, 3, metadata.continue);
  if (resourceVersion !== undefined) writeText(writer, 2, resourceVersion);
  writer.close(1, 0);
  writer.varint(writer.length + itemBytes);
  writer.tag(2, 2);
  return enveloped(writer, { apiVersion, kind });
}
