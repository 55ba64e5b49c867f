import { isNotFound, keyOf, type Client } from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { defineController, done, requeueAfter, type Cache, type ControllerDefinition, type Done, type InformerEvent, type ReconcileRequest, type RequeueAfter } from '@kybern/reconcile';
import { disruptPod } from '../disruption.ts';
import { podsByNode } from '../pod-indexes.ts';
import { isPodTerminal } from '../pod-state.ts';
import { computePodCollection, surplusTerminated } from './compute.ts';

/** Options of {@link podGarbageCollectorController}. */
export interface PodGarbageCollectorOptions {
  /** So many ended Pods are kept. Default 12,500; 0 for all. */
  readonly terminatedPodThreshold?: number;
  /** How long a node must be gone before its Pods go, in ms. Default 40,000. */
  readonly quarantineMs?: number;
}

const TERMINATED = 'podgc/terminated';

/**
 * Takes away Pods that nobody looks after any more, and ended ones beyond a threshold.
 *
 * @see kubernetes v1.36 pkg/controller/podgc
 */
export function podGarbageCollectorController({ terminatedPodThreshold = 12_500, quarantineMs = 40_000 }: PodGarbageCollectorOptions = {}): ControllerDefinition<Pod> {
  /** Invariant: since when, in monotonic ms, the node of each Pod under this key is seen to be gone. */
  const quarantined = new Map<string, number>();
  return defineController({
    name: 'pod-garbage-collector-controller',
    for: Pod,
    predicates: [concernsCollection],
    watches: [{ kind: Node, predicate: (event) => event.type !== 'updated' || hasTaintsChanged(event), map: (node, _old, cache) => cache.by(Pod, podsByNode.name, node.metadata.name).map(keyOf) }],
    indexes: [podsByNode, { kind: Pod, name: TERMINATED, by: (pod: Pod) => (isPodTerminal(pod) ? [''] : []) }],
    async reconcile(request) {
      if (isPodTerminal(request.object)) await collectTerminated(request, terminatedPodThreshold);
      return collect(request, quarantined, quarantineMs);
    },
    onAbsent({ key }) {
      quarantined.delete(key);
      return Promise.resolve(done());
    },
  });
}

async function collect(request: ReconcileRequest<Pod>, quarantined: Map<string, number>, quarantineMs: number): Promise<Done | RequeueAfter> {
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
  if (await isNodeGone(client, pod.spec.nodeName ?? '')) await remove(pod, plan.disruption, request);
  return done();
}

async function collectTerminated({ cache, client }: ReconcileRequest<Pod>, threshold: number): Promise<void> {
  await Promise.all(surplusTerminated(cache.by(Pod, TERMINATED, ''), threshold).map((pod) => client.delete(Pod, pod, { gracePeriodSeconds: 0 }).catch(unlessGone)));
}

function nodeOf({ spec: { nodeName = '' } }: Pod, cache: Cache): Node | 'gone' | undefined {
  return nodeName === '' ? undefined : (cache.get(Node, nodeName) ?? 'gone');
}

/** Asks the server: a cache that is behind must not cost Pods. */
async function isNodeGone(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(Node, name);
    return false;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

async function remove(pod: Pod, disruption: Parameters<typeof disruptPod>[1] | undefined, { client, clock }: ReconcileRequest<Pod>): Promise<void> {
  if (disruption !== undefined) await disruptPod(pod, disruption, { client, nowMs: clock.now() });
  else await client.delete(Pod, pod, { gracePeriodSeconds: 0 }).catch(unlessGone);
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

function concernsCollection(event: InformerEvent<Pod>): boolean {
  if (event.type !== 'updated') return true;
  const { old, object } = event;
  return old.spec.nodeName !== object.spec.nodeName || old.metadata.deletionTimestamp !== object.metadata.deletionTimestamp || isPodTerminal(old) !== isPodTerminal(object);
}

function hasTaintsChanged({ old, object }: Extract<InformerEvent<Node>, { type: 'updated' }>): boolean {
  return old.spec.taints !== object.spec.taints;
}
