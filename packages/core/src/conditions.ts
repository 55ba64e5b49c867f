import { formatTime } from './clock.ts';
import type { Condition } from './object.ts';

/** Anything whose status may hold conditions: an object, or a draft of one. */
export interface Conditioned {
  readonly status?: { readonly conditions?: readonly ConditionLike[] | undefined } | undefined;
}

/** What the conditions of all kinds have in common. */
interface ConditionLike {
  readonly type: string;
  readonly status: string;
}

/** Options of {@link condition}. */
export interface ConditionOptions {
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

type MutableCondition = { -readonly [K in keyof Condition]: Condition[K] };
type Details = { -readonly [K in keyof ConditionOptions]: ConditionOptions[K] };
const DETAILS = ['reason', 'message', 'observedGeneration'] as const;

/**
 * Sets a condition in a draft's `status.conditions`, in its place or at the end. Reason, message and observedGeneration become what `options` says;
 * those not given go. When the status changes, `lastTransitionTime` goes too: {@link stampConditions} fills it in, and `Client.mutate` calls that.
 *
 * @param draft the draft that `client.mutate` or `mutateStatus` gives, or a private unfrozen object
 */
export function condition(draft: Conditioned, type: string, status: boolean | 'True' | 'False' | 'Unknown', options: ConditionOptions = {}): void {
  const text = typeof status === 'string' ? status : status ? 'True' : 'False';
  const conditions = draftConditions(draft);
  const present = conditions.find((item) => item.type === type);
  if (present === undefined) {
    const added: MutableCondition = { type, status: text };
    setDetails(added, options);
    conditions.push(added);
    return;
  }
  if (present.status !== text) {
    present.status = text;
    delete present.lastTransitionTime;
  }
  setDetails(present, options);
}

function draftConditions(draft: Conditioned): MutableCondition[] {
  const target = draft as { status?: { conditions?: MutableCondition[] } };
  target.status ??= {};
  target.status.conditions ??= [];
  return target.status.conditions;
}

function setDetails(target: Details, options: ConditionOptions): void {
  for (const name of DETAILS) {
    const value = options[name];
    if (value === undefined) delete target[name];
    else (target as Record<string, unknown>)[name] = value;
  }
}

/** The condition of that type, if the object has one. */
export function getCondition<T extends Conditioned>(object: T, type: string): ConditionOf<T> | undefined {
  const conditions = object.status?.conditions;
  if (conditions === undefined) return undefined;
  for (const item of conditions) if (item.type === type) return item as ConditionOf<T>;
  return undefined;
}

/** The type of an object's conditions. */
export type ConditionOf<T> = T extends { readonly status?: infer S }
  ? NonNullable<S> extends { readonly conditions?: infer C }
    ? NonNullable<C> extends readonly (infer I)[]
      ? I
      : Condition
    : Condition
  : Condition;

/** Whether the object has the condition with status `True`. */
export function isConditionTrue(object: Conditioned, type: string): boolean {
  return getCondition(object, type)?.status === 'True';
}

/**
 * Gives `lastTransitionTime` to the conditions of a draft that are new or whose status differs from `before`, unless the draft has another time for
 * them than `before` had.
 *
 * @param before the object that the draft began as
 * @param nowMs wall time in ms since the Unix epoch
 */
export function stampConditions(draft: Conditioned, before: Conditioned, nowMs: number): void {
  const conditions = (draft.status?.conditions ?? []) as readonly MutableCondition[];
  for (const item of conditions) {
    const old = getCondition(before, item.type) as Condition | undefined;
    const sameTime = (item.lastTransitionTime ?? '') === (old?.lastTransitionTime ?? '');
    const dropped = !item.lastTransitionTime && !sameTime;
    if (dropped || (sameTime && old?.status !== item.status)) item.lastTransitionTime = formatTime(nowMs);
  }
}
