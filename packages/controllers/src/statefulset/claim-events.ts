import { keyOf } from '@kybern/core';
import { StatefulSet, type PersistentVolumeClaim } from '@kybern/core/kinds';
import type { Cache, InformerEvent } from '@kybern/reconcile';

/** Whether a set can have waited for the event: a Pod is not created while a claim of its name is on its way out. */
export const concernsWaitingSets = (event: InformerEvent<PersistentVolumeClaim>): boolean => event.type === 'deleted';

/** The sets, by name, that a claim may be of. */
export function claimSets({ metadata: { namespace = '', name } }: PersistentVolumeClaim, _old: unknown, cache: Cache): readonly string[] {
  const base = /^(.*)-\d+$/.exec(name)?.[1];
  if (base === undefined) return [];
  const isOf = (set: StatefulSet): boolean =>
    (set.spec.volumeClaimTemplates ?? []).some((template) => base === `${template.metadata.name}-${set.metadata.name}`);
  return cache.list(StatefulSet, { namespace }).filter(isOf).map(keyOf);
}
