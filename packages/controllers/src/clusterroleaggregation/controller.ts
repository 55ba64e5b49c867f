import { ClusterRole } from '@kybern/core/kinds';
import { defineController, done, type Cache, type ControllerDefinition } from '@kybern/reconcile';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { computeAggregation } from './compute.ts';

/**
 * Fills ClusterRoles that are made of others.
 *
 * @see kubernetes v1.36 pkg/controller/clusterroleaggregation
 */
export function clusterRoleAggregationController(): ControllerDefinition<ClusterRole> {
  return defineController({
    name: 'clusterrole-aggregation-controller',
    for: ClusterRole,
    predicates: [({ object }) => object.aggregationRule !== undefined],
    watches: [{ kind: ClusterRole, map: aggregates }],
    reconcile: retryOnConflict(async ({ object: role, cache, client }) => {
      const rules = computeAggregation({ role, roles: cache.list(ClusterRole) });
      if (rules !== undefined) await client.update(ClusterRole, { ...role, rules });
      return done();
    }),
  });
}

const aggregates = (_role: ClusterRole, _old: unknown, cache: Cache): readonly string[] =>
  cache.list(ClusterRole).flatMap(({ metadata, aggregationRule }) => (aggregationRule === undefined ? [] : [metadata.name]));
