import { apiVersionOf, type KubernetesObject, type ListMeta } from '@kybern/core';
import { findKind } from '@kybern/core/kinds';
import { builtinColumns } from './builtin-columns.ts';
import { ageColumn, nameColumn } from './cells.ts';
import { podRowConditions } from './pod.ts';
import type { Column, PrintContext, TableColumnDefinition, TableRow } from './table.ts';

/**
 * A list as `kubectl get` shows it: the body of an answer to `Accept: application/json;as=Table`.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go (Table)
 */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly TableColumnDefinition[];
  readonly rows: readonly TableRow[];
}

/** What {@link printTable} prints. */
export interface PrintInput extends PrintContext {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly objects: readonly KubernetesObject[];
  readonly metadata?: ListMeta;
  /** The columns. Default: Kubernetes' own for the kind. */
  readonly columns?: readonly Column<KubernetesObject>[];
}

/**
 * What built-in kinds without columns of their own show.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/rest/table.go (defaultTableConvertor)
 */
const plainColumns: readonly Column<KubernetesObject>[] = [
  nameColumn,
  { name: 'Created At', type: 'date', cell: (object) => object.metadata.creationTimestamp ?? '' },
];
/** What kinds of one's own show. @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go */
const customColumns: readonly Column<KubernetesObject>[] = [nameColumn, { ...ageColumn, type: 'date' }];

/** The columns of a kind. */
export function columnsOf(kind: PrintInput['kind']): readonly Column<KubernetesObject>[] {
  const apiVersion = apiVersionOf(kind);
  return builtinColumns(apiVersion, kind.kind) ?? (findKind(apiVersion, kind.kind) === undefined ? customColumns : plainColumns);
}

/** Makes the table of some objects of one kind, with Kubernetes' columns. Pure. */
export function printTable(input: PrintInput): Table {
  const columns = input.columns ?? columnsOf(input.kind);
  const isPod = input.kind.group === '' && input.kind.kind === 'Pod';
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: input.metadata ?? {},
    columnDefinitions: columns.map(definitionOf),
    rows: input.objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, input)),
      ...(isPod ? podRowConditions(object) : {}),
      object,
    })),
  };
}

function definitionOf(column: Column<KubernetesObject>): TableColumnDefinition {
  return {
    name: column.name,
    type: column.type ?? 'string',
    format: column.format ?? (column.name === 'Name' ? 'name' : ''),
    description: column.description ?? '',
    priority: column.wide === true ? 1 : 0,
  };
}
