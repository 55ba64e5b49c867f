import { formatTime } from '@kybern/core';

/** A condition in the form of apps/v1. */
export interface StatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

/** What {@link setCondition} is told of a condition. */
export interface NewCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** The condition of that type, if there is one. */
export function findCondition<C extends { readonly type: string }>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** The conditions without those of that type; the same list when there is none. */
export function withoutCondition<C extends { readonly type: string }>(conditions: readonly C[], type: string): readonly C[] {
  return conditions.some((condition) => condition.type === type) ? conditions.filter((condition) => condition.type !== type) : conditions;
}

/**
 * The conditions with `condition` put last, as of `nowMs`. One that has the same status and reason already stays as it is, message and times
 * included; `lastTransitionTime` is kept while the status stays.
 *
 * @see kubernetes v1.36 pkg/controller/deployment/util/deployment_util.go (SetDeploymentCondition)
 */
export function setCondition(conditions: readonly StatusCondition[], condition: NewCondition, nowMs: number): readonly StatusCondition[] {
  const current = findCondition(conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return conditions;
  return renewCondition(conditions, condition, nowMs);
}

/** As {@link setCondition}, but renews `lastUpdateTime` and the message even when status and reason stay. */
export function renewCondition(conditions: readonly StatusCondition[], condition: NewCondition, nowMs: number): readonly StatusCondition[] {
  const current = findCondition(conditions, condition.type);
  const time = formatTime(nowMs);
  const lastTransitionTime = current?.status === condition.status ? (current.lastTransitionTime ?? time) : time;
  return [...withoutCondition(conditions, condition.type), { ...condition, lastUpdateTime: time, lastTransitionTime }];
}
