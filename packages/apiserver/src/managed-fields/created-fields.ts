import type { KubernetesObject, MutableJson } from '@kybern/core';
import { createOutlines, fieldTypeOf, NO_FIELDS, ownershipChange, type FieldSet, type FieldType, type Outlines } from '@kybern/core/server-side-apply';
import type { Resource } from '../resource.ts';
import { updateFilter } from './field-filter.ts';
import type { UnenteredCreate } from './ledger.ts';

/** A new object, and how much of it is its client's. */
type Created = Pick<UnenteredCreate, 'object' | 'resource' | 'specFields'>;

/** The fields that whoever creates an object comes to own. The same set for objects that have the same fields. */
export type CreatedFields = (created: Created) => FieldSet;

/** Makes {@link CreatedFields}. */
export function createCreatedFields(): CreatedFields {
  const known = new WeakMap<Resource, Memory>();
  return ({ object, resource, specFields }) => {
    const type = resource.model?.fields ?? fieldTypeOf(undefined);
    let memory = known.get(resource);
    if (memory?.type !== type) known.set(resource, (memory = { type, outlines: createOutlines(type), last: undefined }));
    const { last } = memory;
    if (last?.specFields === specFields && hasParts(object, last.parts)) return last.fields;
    const owned = withoutSystemFields(resource.read(object), specFields);
    const fields = memory.outlines.of(owned, () => fieldsOfCreate(owned, resource, type));
    memory.last = { specFields, parts: partsOf(object), fields };
    return fields;
  };
}

/** What is known of the objects of one kind. */
interface Memory {
  readonly type: FieldType;
  readonly outlines: Outlines<FieldSet>;
  /** The object that was asked about last: its siblings, which have their parts in common with it, come next in a list. */
  last: { readonly specFields: number; readonly parts: readonly unknown[]; readonly fields: FieldSet } | undefined;
}

/** The names of an object's fields and of its metadata's, each followed by the part that it holds, or by nothing: what a scalar is does not matter to its owner. */
function partsOf(object: KubernetesObject): readonly unknown[] {
  const parts: unknown[] = [];
  for (const [key, value] of Object.entries(object)) {
    if (key !== 'metadata') parts.push(key, isPart(value) ? value : undefined);
    else {
      for (const [name, field] of Object.entries(object.metadata)) parts.push(name, isPart(field) ? field : undefined);
      parts.push(METADATA_END, undefined);
    }
  }
  return parts;
}

/** No field has this name. */
const METADATA_END = undefined;

const isPart = (value: unknown): boolean => typeof value === 'object';

/** Whether {@link partsOf} an object are these, found out without making anything. */
function hasParts(object: KubernetesObject, parts: readonly unknown[]): boolean {
  let at = 0;
  for (const key in object) {
    if (key === 'metadata') {
      at = metadataEnd(object.metadata, parts, at);
      if (at < 0) return false;
      continue;
    }
    const value: unknown = (object as MutableJson)[key];
    if (parts[at] !== key || parts[at + 1] !== (isPart(value) ? value : undefined)) return false;
    at += 2;
  }
  return at === parts.length;
}

/** @returns where the parts of the metadata end; -1: they are others */
function metadataEnd(metadata: MutableJson, parts: readonly unknown[], start: number): number {
  let at = start;
  for (const name in metadata) {
    const field: unknown = metadata[name];
    if (parts[at] !== name || parts[at + 1] !== (isPart(field) ? field : undefined)) return -1;
    at += 2;
  }
  return at < parts.length && parts[at] === METADATA_END ? at + 2 : -1;
}

/** What the system fills in belongs to nobody. It comes last, because the client's fields were there before. */
function withoutSystemFields(object: KubernetesObject, specFields: number): KubernetesObject {
  const { spec } = object as MutableJson;
  if (typeof spec !== 'object' || spec === null) return object;
  let count = 0;
  for (const _ in spec) count += 1;
  if (count <= specFields) return object;
  return { ...object, spec: Object.fromEntries(Object.entries(spec as object).slice(0, specFields)) } as KubernetesObject;
}

function fieldsOfCreate(object: KubernetesObject, resource: Resource, type: FieldType): FieldSet {
  const write = { before: undefined, after: object, type, filter: updateFilter(resource, undefined) };
  const nobody = { manager: '', apiVersion: resource.apiVersion, subresource: undefined };
  return ownershipChange(write, nobody, 0)?.taken ?? NO_FIELDS;
}
