import type { KubernetesObject } from '@kybern/core';

/** One column of a {@link Table}. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: ColumnType;
  /** `''`, `name`, `date`; kinds of one's own may have others. */
  readonly format: string;
  readonly description: string;
  /** 0 is always shown; 1 only in wide output. */
  readonly priority: number;
}

/** What a column's cells are. */
export type ColumnType = 'string' | 'integer' | 'number' | 'boolean' | 'date';

/** What stands in a cell; null where there is nothing. */
export type Cell = string | number | boolean | null;

/** One object of a {@link Table}. */
export interface TableRow {
  readonly cells: readonly Cell[];
  /** Something that a client may show the row by. */
  readonly conditions?: readonly { readonly type: 'Completed'; readonly status: 'True'; readonly reason: string; readonly message: string }[];
  readonly object: KubernetesObject;
}

/** A column and how its cell is made of an object of the kind. Pure: the same object and time give the same cell. */
export interface Column<T extends KubernetesObject> {
  readonly name: string;
  /** Default `string`. */
  readonly type?: ColumnType;
  /** Default: `name` for the column Name. */
  readonly format?: TableColumnDefinition['format'];
  readonly description?: string;
  readonly wide?: boolean;
  readonly cell: (object: T, context: PrintContext) => Cell;
}

/** What a cell may depend on besides its object. */
export interface PrintContext {
  /** Wall time in ms, for ages. */
  readonly nowMs: number;
}

/** What Kubernetes prints where there is nothing. */
export const NONE = '<none>';
/** What Kubernetes prints where it cannot tell. */
export const UNKNOWN = '<unknown>';
/** What Kubernetes prints where nobody has chosen. */
export const UNSET = '<unset>';
