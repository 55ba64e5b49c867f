import { getOwn, setOwn } from '../json-data.ts';

/** A plain JSON object as the patch engines see it. */
export type Fields = Readonly<Record<string, unknown>>;

/** An object being changed: the copy is made at the first real change, so that an unchanged object keeps its identity. */
export interface ObjectEdit {
  readonly base: Fields;
  copy: Record<string, unknown> | undefined;
}

/** Begins to change `base`. */
export const edit = (base: Fields): ObjectEdit => ({ base, copy: undefined });

/** The object as changed so far. */
export const edited = (object: ObjectEdit): Fields => object.copy ?? object.base;

/** Sets a field; no change when it holds that very value. */
export function setField(object: ObjectEdit, name: string, value: unknown): void {
  const now = edited(object);
  if (Object.hasOwn(now, name) && getOwn(now, name) === value) return;
  object.copy ??= { ...object.base };
  setOwn(object.copy, name, value);
}

/** Removes a field; no change when there is none. */
export function removeField(object: ObjectEdit, name: string): void {
  if (!Object.hasOwn(edited(object), name)) return;
  object.copy ??= { ...object.base };
  delete object.copy[name];
}
