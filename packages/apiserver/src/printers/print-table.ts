import type { KubernetesObject, ListMeta } from '@kybern/core';
import {
  configMapColumns,
  defaultColumns,
  endpointSliceColumns,
  eventColumns,
  leaseColumns,
  namespaceColumns,
  nodeColumns,
  priorityClassColumns,
  secretColumns,
  serviceAccountColumns,
  serviceColumns,
} from './cluster.ts';
import { podColumns } from './pod.ts';
import type { Column, PrintContext, TableColumnDefinition, TableRow } from './table.ts';
import { deploymentColumns, replicaSetColumns } from './workloads.ts';

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

// Each row is only ever given objects of its own kind, which the map's key names.
const COLUMNS: Readonly<Record<string, readonly Column<never>[]>> = {
  '/ConfigMap': configMapColumns,
  '/Event': eventColumns,
  '/Namespace': namespaceColumns,
  '/Node': nodeColumns,
  '/Pod': podColumns,
  '/Secret': secretColumns,
  '/Service': serviceColumns,
  '/ServiceAccount': serviceAccountColumns,
  'apps/Deployment': deploymentColumns,
  'apps/ReplicaSet': replicaSetColumns,
  'coordination.k8s.io/Lease': leaseColumns,
  'discovery.k8s.io/EndpointSlice': endpointSliceColumns,
  'scheduling.k8s.io/PriorityClass': priorityClassColumns,
};

/** What {@link printTable} prints. */
export interface PrintInput extends PrintContext {
  readonly kind: { readonly group: string; readonly kind: string };
  readonly objects: readonly KubernetesObject[];
  readonly metadata?: ListMeta;
}

/** Makes the table of some objects of one kind, with Kubernetes' columns where the kind has its own, else name and age. Pure. */
export function printTable(input: PrintInput): Table {
  const columns = (COLUMNS[`${input.kind.group}/${input.kind.kind}`] ?? defaultColumns) as readonly Column<KubernetesObject>[];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: input.metadata ?? {},
    columnDefinitions: columns.map((column) => ({
      name: column.name,
      type: column.type ?? 'string',
      format: column.name === 'Name' ? 'name' : '',
      description: '',
      priority: column.wide === true ? 1 : 0,
    })),
    rows: input.objects.map((object) => ({ cells: columns.map((column) => column.cell(object, input)), object })),
  };
}
