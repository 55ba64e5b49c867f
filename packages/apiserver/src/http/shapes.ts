import { ApiError, type Kind, type KubernetesObject, type ListMeta, type ObjectMeta } from '@kybern/core';
import { printerColumns } from '../customresources/columns.ts';
import { customVersionOf } from '../customresources/custom-kind.ts';
import { printTable } from '../printers/print-table.ts';
import type { Transformation } from './accept.ts';

/** What the rows of a Table hold of their objects. Default `Metadata`. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** How objects are put into another shape. */
export interface Shape extends Transformation {
  readonly includeObject: IncludeObject;
  /** The kind that was asked for. */
  readonly resource: Kind;
  /** Wall time in ms, for the ages in Tables. */
  readonly nowMs: number;
  /** Adds `metadata.managedFields`, which objects are kept without. */
  readonly complete: (object: KubernetesObject) => KubernetesObject;
}

/** The query parameter `includeObject`. @throws {ApiError} `BadRequest` */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw new ApiError('BadRequest', `unrecognized includeObject value: ${JSON.stringify(value)}`);
}

/** One object in another shape. */
export function shapeObject(object: KubernetesObject, shape: Shape): object {
  if (shape.kind === 'Table') return tableOf([object], { shape, kind: kindOfObject(object, shape.resource), metadata: versionOnly(object.metadata) });
  return metadataOnly(shape.complete(object), shape.version);
}

/** A list in another shape. */
export function shapeList(items: readonly KubernetesObject[], metadata: ListMeta, shape: Shape): object {
  if (shape.kind === 'Table') return tableOf(items, { shape, kind: shape.resource, metadata });
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: `meta.k8s.io/${shape.version}`,
    metadata,
    items: items.map((object) => metadataOnly(shape.complete(object), shape.version)),
  };
}

/** A bookmark has no object to show, only how far the watch has come. */
export function shapeBookmark(bookmark: { readonly metadata: ObjectMeta }, shape: Shape): object {
  if (shape.kind === 'Table')
    return { kind: 'Table', apiVersion: `meta.k8s.io/${shape.version}`, metadata: versionOnly(bookmark.metadata), columnDefinitions: [], rows: [] };
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${shape.version}`, metadata: bookmark.metadata };
}

interface TableInput {
  readonly shape: Shape;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly metadata: ListMeta;
}

function tableOf(objects: readonly KubernetesObject[], { shape, kind, metadata }: TableInput): object {
  const custom = kind === shape.resource ? customVersionOf(shape.resource) : undefined;
  const columns = custom === undefined ? {} : { columns: printerColumns(custom.version) };
  const table = printTable({ kind, objects, metadata, nowMs: shape.nowMs, ...columns });
  const rows = table.rows.map(({ object, ...row }) => ({ ...row, object: rowObject(object, shape) }));
  return { ...table, apiVersion: `meta.k8s.io/${shape.version}`, rows };
}

function rowObject(object: KubernetesObject, { includeObject, version, complete }: Shape): object | null {
  if (includeObject === 'None') return null;
  // Differs from Kubernetes: the metadata in rows has no managedFields, which nobody prints.
  return includeObject === 'Object' ? complete(object) : metadataOnly(object, version);
}

function metadataOnly({ metadata }: KubernetesObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

function versionOnly({ resourceVersion }: ObjectMeta): ListMeta {
  return resourceVersion === undefined ? {} : { resourceVersion };
}

/** Of a subresource the answer is of another kind than the resource. */
function kindOfObject(object: KubernetesObject, resource: Kind): TableInput['kind'] {
  if (object.kind === resource.kind) return resource;
  const slash = object.apiVersion.indexOf('/');
  return { group: slash < 0 ? '' : object.apiVersion.slice(0, slash), version: object.apiVersion.slice(slash + 1), kind: object.kind };
}
