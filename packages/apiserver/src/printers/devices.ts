import type { ResourceClaim, ResourceSlice } from '@kybern/core/kinds';
import { ageColumn, nameColumn } from './cells.ts';
import type { Column } from './table.ts';

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printResourceClaim) */
export const resourceClaimColumns: readonly Column<ResourceClaim>[] = [nameColumn, { name: 'State', cell: claimState }, ageColumn];

function claimState({ metadata, status }: ResourceClaim): string {
  const deleted = metadata.deletionTimestamp !== undefined;
  if (status?.allocation === undefined) return deleted ? 'deleted' : 'pending';
  return [...(deleted ? ['deleted'] : []), 'allocated', ...((status.reservedFor ?? []).length > 0 ? ['reserved'] : [])].join(',');
}

/** @see kubernetes v1.36 pkg/printers/internalversion/printers.go (printResourceSlice) */
export const resourceSliceColumns: readonly Column<ResourceSlice>[] = [
  nameColumn,
  { name: 'Node', cell: ({ spec }) => spec.nodeName ?? '' },
  { name: 'Driver', cell: ({ spec }) => spec.driver },
  { name: 'Pool', cell: ({ spec }) => spec.pool?.name ?? '' },
  ageColumn,
];

/** What DeviceClasses and ResourceClaimTemplates show. */
export const nameAndAgeColumns: readonly Column<ResourceClaim>[] = [nameColumn, ageColumn] as readonly Column<ResourceClaim>[];
