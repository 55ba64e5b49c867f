import { formatAge, formatLabelSelector, formatQuantity, parseQuantity, parseTime, type KubernetesObject, type LabelSelector } from '@kybern/core';
import type { Container } from '@kybern/core/kinds';
import { NONE, UNKNOWN, UNSET, type Column, type PrintContext } from './table.ts';

/** The column Name, which every kind has. */
export const nameColumn: Column<KubernetesObject> = { name: 'Name', cell: (object) => object.metadata.name };

/** The column Age, which most kinds have. */
export const ageColumn: Column<KubernetesObject> = { name: 'Age', cell: (object, context) => ageOf(object.metadata.creationTimestamp, context) };

/** How long ago an RFC 3339 time was, as `kubectl` prints ages; `<unknown>` without a time. */
export function ageOf(time: string | undefined, { nowMs }: PrintContext): string {
  if (time === undefined) return UNKNOWN;
  const thenMs = parseTime(time);
  return Number.isNaN(thenMs) ? UNKNOWN : formatAge(Math.max(0, nowMs - thenMs));
}

/** `a=b,c=d` in the order of the keys. */
export function pairs(record: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(record ?? {}).map(([key, value]) => `${key}=${value}`);
  return entries.length === 0 ? NONE : entries.sort().join(',');
}

/** A label selector in kubectl's syntax. */
export function selectorCell(selector: LabelSelector | undefined): string {
  if (selector === undefined) return NONE;
  try {
    const text = formatLabelSelector(selector);
    return text === '' ? NONE : text;
  } catch {
    return '<error>'; // what cannot be formatted is shown as such, as Kubernetes does
  }
}

/** Options of {@link someOf}. */
export interface SomeOptions {
  /** How many values are shown. Default 3. */
  readonly most?: number;
  /** What stands for no values. Default `<unset>`. */
  readonly empty?: string;
  /** Default a comma. */
  readonly separator?: string;
}

/** The first values, and how many more there are. */
export function someOf(values: readonly string[], options: SomeOptions = {}): string {
  const { most = 3, empty = UNSET, separator = ',' } = options;
  if (values.length === 0) return empty;
  const more = values.length - most;
  return values.slice(0, most).join(separator) + (more > 0 ? ` + ${String(more)} more...` : '');
}

/** A quantity in canonical form; as it is when it cannot be read. */
export function quantityCell(quantity: string): string {
  try {
    return formatQuantity(parseQuantity(quantity));
  } catch {
    return quantity; // a list is not refused because of one bad value
  }
}

/** A text that may be missing or empty. */
export function textOr(text: string | number | undefined, otherwise: string): string {
  return text === undefined || text === '' ? otherwise : String(text);
}

/** The wide columns about the containers of a template, and optionally the selector of the Pods made of it. */
export function templateColumns<T extends KubernetesObject>(
  containers: (object: T) => readonly Container[] | undefined,
  selector?: (object: T) => LabelSelector | undefined,
): readonly Column<T>[] {
  const columns: Column<T>[] = [
    { name: 'Containers', wide: true, cell: (object) => (containers(object) ?? []).map((container) => container.name).join(',') },
    { name: 'Images', wide: true, cell: (object) => (containers(object) ?? []).map((container) => container.image ?? '').join(',') },
  ];
  if (selector !== undefined) columns.push({ name: 'Selector', wide: true, cell: (object) => selectorCell(selector(object)) });
  return columns;
}
