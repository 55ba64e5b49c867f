import { formatLabelSelector } from '@kybern/core';
import type { Container, Deployment, LabelSelector, ReplicaSet } from '@kybern/core/kinds';
import { ageOf } from './ages.ts';
import { NONE, type Column } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printDeployment) */
export const deploymentColumns: readonly Column<Deployment>[] = [
  { name: 'Name', cell: (object) => object.metadata.name },
  { name: 'Ready', cell: ({ spec, status }) => `${String(status?.readyReplicas ?? 0)}/${String(spec.replicas ?? 0)}` },
  { name: 'Up-to-date', cell: ({ status }) => String(status?.updatedReplicas ?? 0) },
  { name: 'Available', cell: ({ status }) => String(status?.availableReplicas ?? 0) },
  { name: 'Age', cell: (object, context) => ageOf(object.metadata.creationTimestamp, context) },
  ...templateColumns<Deployment>(),
];

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printReplicaSet) */
export const replicaSetColumns: readonly Column<ReplicaSet>[] = [
  { name: 'Name', cell: (object) => object.metadata.name },
  { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 0 },
  { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
  { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
  { name: 'Age', cell: (object, context) => ageOf(object.metadata.creationTimestamp, context) },
  ...templateColumns<ReplicaSet>(),
];

function templateColumns<T extends Deployment | ReplicaSet>(): readonly Column<T>[] {
  const containers = (object: T): readonly Container[] => object.spec.template?.spec?.containers ?? [];
  return [
    { name: 'Containers', wide: true, cell: (object) => containers(object).map((container) => container.name).join(',') },
    { name: 'Images', wide: true, cell: (object) => containers(object).map((container) => container.image ?? '').join(',') },
    { name: 'Selector', wide: true, cell: (object) => selectorCell(object.spec.selector) },
  ];
}

function selectorCell(selector: LabelSelector): string {
  const text = formatLabelSelector(selector);
  return text === '' ? NONE : text;
}
