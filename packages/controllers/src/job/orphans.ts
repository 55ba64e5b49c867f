import { controllerOf, keyOf, type Client, type KubernetesObject } from '@kybern/core';
import { Job, Pod } from '@kybern/core/kinds';
import { defineController, done, type Cache, type ControllerDefinition, type InformerEvent } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { untrack } from './apply.ts';
import { isJobFinished, isManagedHere, isTracked } from './job-pods.ts';

/**
 * Releases Pods that are still tracked for a Job that is gone, has finished, or has let go of them: nobody else would, and they could never be deleted.
 *
 * @see kubernetes v1.36 pkg/controller/job/job_controller.go (syncOrphanPod)
 */
export function jobOrphanController(): ControllerDefinition<Pod> {
  return defineController({
    name: 'job-orphan-controller',
    for: Pod,
    predicates: [(event) => isTracked(event.object) && (event.type === 'added' || isLeaving(event))],
    watches: [{ kind: Job, predicate: hasEnded, map: trackedPods }],
    concurrency: 5,
    async reconcile({ object: pod, cache, client }) {
      if (!isTracked(pod) || isLookedAfter(pod, (key) => cache.get(Job, key))) return done();
      // A cache that is behind may not know the Job yet, and a Pod that is let go would be counted by nobody.
      const job = await ignoreNotFound(ownerOf(pod, client));
      if (!isLookedAfter(pod, () => job as Job | undefined)) await ignoreNotFound(untrack(pod, client));
      return done();
    },
  });
}

/** Being deleted, or let go. */
const isLeaving = ({ object }: InformerEvent<Pod>): boolean => object.metadata.deletionTimestamp !== undefined || controllerOf(object) === undefined;

const hasEnded = (event: InformerEvent<Job>): boolean => event.type === 'deleted' || isJobFinished(event.object);

const trackedPods = (job: KubernetesObject, _old: unknown, cache: Cache): readonly string[] => cache.ownedBy(Pod, job).filter(isTracked).map(keyOf);

/** Whether somebody is there who counts the Pod. */
function isLookedAfter(pod: Pod, find: (key: string) => Job | undefined): boolean {
  const owner = controllerOf(pod);
  if (owner === undefined) return false;
  if (owner.kind !== 'Job' || owner.apiVersion !== 'batch/v1') return true;
  const job = find(`${pod.metadata.namespace ?? ''}/${owner.name}`);
  if (job === undefined || job.metadata.uid !== owner.uid) return false;
  return !isJobFinished(job) || !isManagedHere(job);
}

/** Differs from Kubernetes, which goes by its cache. */
async function ownerOf(pod: Pod, client: Client): Promise<Job | undefined> {
  const owner = controllerOf(pod);
  return owner?.kind === 'Job' ? await client.get(Job, { namespace: pod.metadata.namespace ?? '', name: owner.name }) : undefined;
}
