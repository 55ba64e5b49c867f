import { deepEqual, groupResource, keyOf, type Kind, type KubernetesObject } from '@kybern/core';
import {
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  StatefulSet,
} from '@kybern/core/kinds';
import { anyOf, defineController, generationChanged, requeueAfter, type Cache, type ControllerDefinition, type InformerEvent } from '@kybern/reconcile';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { isPodTerminal } from '../pod-state.ts';
import { computeQuota } from './compute.ts';

/** The kinds whose objects a quota can count by `count/<resource>`. */
const COUNTED: readonly Kind[] = [ConfigMap, Secret, ReplicationController, ResourceQuota, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob];

const RESYNC_MS = 300_000;

/**
 * Keeps count of what is used of ResourceQuotas. It limits nothing: that is for the API server.
 *
 * @see kubernetes v1.36 pkg/controller/resourcequota
 */
export function resourceQuotaController(): ControllerDefinition<ResourceQuota> {
  return defineController({
    name: 'resourcequota-controller',
    for: ResourceQuota,
    predicates: [anyOf(generationChanged(), (event) => event.type === 'updated' && !deepEqual(event.old.spec, event.object.spec))],
    watches: [
      { kind: Pod, predicate: changesPodUsage, map: quotasOf },
      { kind: Service, predicate: changesSpec, map: quotasOf },
      { kind: PersistentVolumeClaim, predicate: changesSpec, map: quotasOf },
      ...COUNTED.map((kind) => ({ kind, predicate: (event: InformerEvent<KubernetesObject>) => event.type !== 'updated', map: quotasOf })),
    ],
    concurrency: 5,
    reconcile: retryOnConflict(async ({ object: quota, cache, client, clock }) => {
      const { namespace = '' } = quota.metadata;
      const kindOf = (resource: string): Kind | undefined => COUNTED.find((kind) => groupResource(kind) === resource);
      const status = computeQuota({
        nowMs: clock.now(),
        quota,
        pods: cache.list(Pod, { namespace }),
        services: cache.list(Service, { namespace }),
        claims: cache.list(PersistentVolumeClaim, { namespace }),
        count: (resource) => {
          const kind = kindOf(resource);
          return kind === undefined ? undefined : cache.list(kind, { namespace }).length;
        },
      });
      if (status !== undefined) await client.update(ResourceQuota, { ...quota, status }, { subresource: 'status' });
      // Admission counts what it lets in, also what fails after that: such counts are put right by and by.
      return requeueAfter(RESYNC_MS, { background: true });
    }),
  });
}

const quotasOf = ({ metadata: { namespace = '' } }: KubernetesObject, _old: unknown, cache: Cache): readonly string[] =>
  cache.list(ResourceQuota, { namespace }).map(keyOf);

/** A Pod uses what it asks for until it has ended. */
const changesPodUsage = (event: InformerEvent<Pod>): boolean =>
  event.type !== 'updated' || isPodTerminal(event.old) !== isPodTerminal(event.object) || event.old.spec.containers !== event.object.spec.containers;

const changesSpec = (event: InformerEvent<Service | PersistentVolumeClaim>): boolean =>
  event.type !== 'updated' || !deepEqual(event.old.spec, event.object.spec);
