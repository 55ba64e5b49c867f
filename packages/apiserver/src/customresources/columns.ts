import { parseTime, type KubernetesObject } from '@kybern/core';
import type { CustomResourceDefinitionVersion } from '@kybern/core/kinds';
import { ageColumn, ageOf, nameColumn } from '../printers/cells.ts';
import type { Cell, Column, PrintContext } from '../printers/table.ts';
import { compileJsonPath } from './json-path.ts';

/** What stands in a cell of a time that cannot be read. */
const INVALID = '<invalid>';

/**
 * The columns that a definition gives its objects; the age, when it gives none.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor/tableconvertor.go
 */
export function printerColumns({ additionalPrinterColumns = [] }: CustomResourceDefinitionVersion): readonly Column<KubernetesObject>[] {
  if (additionalPrinterColumns.length === 0) return [nameColumn, { ...ageColumn, type: 'date' }];
  return [
    nameColumn,
    ...additionalPrinterColumns.map(({ name, type, format, description, priority = 0, jsonPath }): Column<KubernetesObject> => {
      const read = compileJsonPath(jsonPath);
      return {
        name,
        type: type as NonNullable<Column<KubernetesObject>['type']>,
        format: (format ?? '') as NonNullable<Column<KubernetesObject>['format']>,
        description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
        wide: priority > 0,
        cell: (object, context) => cellOf(read(object)[0], type, context),
      };
    }),
  ];
}

function cellOf(value: unknown, type: string, context: PrintContext): Cell {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'object' ? JSON.stringify(value) : String(value as Cell);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' && !Number.isNaN(parseTime(value)) ? ageOf(value, context) : INVALID;
    default:
      return null;
  }
}
