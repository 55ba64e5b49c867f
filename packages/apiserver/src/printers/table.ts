import type { KubernetesObject } from '@kybern/core';

/** One column of a {@link Table}. */
export interface TableColumnDefinition {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly format: '' | 'name';
  readonly description: string;
  /** 0 is always shown; 1 only in wide output. */
  readonly priority: 0 | 1;
}

/** One object of a {@link Table}. */
export interface TableRow {
  readonly cells: readonly (string | number)[];
  readonly object: KubernetesObject;
}

/** A column and how its cell is made of an object of the kind. Pure: the same object and time give the same cell. */
export interface Column<T extends KubernetesObject> {
  readonly name: string;
  readonly type?: 'string' | 'integer';
  readonly wide?: boolean;
  readonly cell: (object: T, context: PrintContext) => string | number;
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
