import type { Table } from '@kybern/apiserver';

/** Options of {@link formatTable}. */
export interface TableTextOptions {
  /** Show the columns of priority 1 too. */
  readonly wide?: boolean;
  readonly noHeaders?: boolean;
  /** Begin with the objects' namespaces. */
  readonly withNamespace?: boolean;
}

/** The width of kubectl's columns. @see kubernetes v1.36 staging/src/k8s.io/cli-runtime/pkg/printers/tabwriter.go */
const MIN_WIDTH = 6;
const PADDING = 3;

/** A table as kubectl prints it: columns padded with blanks, headers in capitals. One line per row, without the last line's newline. */
export function formatTable(table: Table, options: TableTextOptions = {}): string {
  const shown = table.columnDefinitions.flatMap((column, index) => (column.priority === 0 || options.wide === true ? [index] : []));
  const header = [...(options.withNamespace === true ? ['NAMESPACE'] : []), ...shown.map((index) => table.columnDefinitions[index]?.name.toUpperCase() ?? '')];
  const rows = table.rows.map((row) => [
    ...(options.withNamespace === true ? [row.object.metadata.namespace ?? ''] : []),
    ...shown.map((index) => oneLine(String(row.cells[index] ?? ''))),
  ]);
  return align(options.noHeaders === true ? rows : [header, ...rows]);
}

/** Pads the columns of some rows to equal width, except the last. */
export function align(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, MIN_WIDTH, cell.length + PADDING);
  return rows.map((row) => row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('')).join('\n');
}

/** kubectl cuts a cell at its first line break. */
function oneLine(cell: string): string {
  const end = cell.search(/[\n\r\f]/);
  return end < 0 ? cell : `${cell.slice(0, end)}...`;
}
