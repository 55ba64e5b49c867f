import { Node, Pod } from '@kybern/core/kinds';
import { done, requeueAfter, type Cache, type Done, type ReconcileRequest, type RequeueAfter } from '@kybern/reconcile';
import { disruptPod, type Disruption } from '../disruption.ts';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { computePodCollection, surplusTerminated } from './compute.ts';

/** The index, under `""`, of Pods that have ended. */
export const TERMINATED = 'podgc/terminated';

/** Since when, in monotonic ms, the nodes of Pods are seen to be gone, by the Pods' keys. */
export type Quarantine = Map<string, number>;

/** What {@link collectPod} works with besides the request. */
export interface PodCollectionContext {
  readonly quarantined: Quarantine;
  readonly quarantineMs: number;
}

/** Takes a Pod away if nobody looks after it; one whose node is gone only when it was gone for the whole quarantine. */
export async function collectPod(request: ReconcileRequest<Pod>, { quarantined, quarantineMs }: PodCollectionContext): Promise<Done | RequeueAfter> {
  const { key, object: pod, cache, client, clock } = request;
  const plan = computePodCollection({ pod, node: nodeOf(pod, cache) });
  if (plan.type !== 'quarantine') quarantined.delete(key);
  if (plan.type === 'remove') await remove(pod, plan.disruption, request);
  if (plan.type !== 'quarantine') return done();
  const nowMs = clock.monotonicMs();
  const sinceMs = quarantined.get(key) ?? nowMs;
  quarantined.set(key, sinceMs);
  const leftMs = sinceMs + quarantineMs - nowMs;
  if (leftMs > 0) return requeueAfter(leftMs, { background: true });
  // Asks the server: a cache that is behind must not cost Pods.
  if ((await ignoreNotFound(client.get(Node, pod.spec.nodeName ?? ''))) === undefined) await remove(pod, plan.disruption, request);
  return done();
}

/** Deletes ended Pods beyond the threshold. */
export async function collectTerminated({ cache, client }: ReconcileRequest<Pod>, threshold: number): Promise<void> {
  await Promise.all(
    surplusTerminated(cache.by(Pod, TERMINATED, ''), threshold).map((pod) => ignoreNotFound(client.delete(Pod, pod, { gracePeriodSeconds: 0 }))),
  );
}

function nodeOf({ spec: { nodeName = '' } }: Pod, cache: Cache): Node | 'gone' | undefined {
  return nodeName === '' ? undefined : (cache.get(Node, nodeName) ?? 'gone');
}

async function remove(pod: Pod, disruption: Disruption | undefined, { client, clock }: ReconcileRequest<Pod>): Promise<void> {
  if (disruption !== undefined) await disruptPod(pod, disruption, { client, nowMs: clock.now() });
  else await ignoreNotFound(client.delete(Pod, pod, { gracePeriodSeconds: 0 }));
}
