import { keyOf, type Kind, type KubernetesObject } from '@kybern/core';
import type { Node, Pod } from '@kybern/core/kinds';
import type { InformerHandler } from '@kybern/reconcile';
import { kindName } from '../cluster/cluster-objects.ts';
import { hasEnded, type ClusterState } from '../cluster/cluster-state.ts';
import { carryRequests } from '../cluster/pod-requests.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import type { ClusterEvent } from '../queue/cluster-event.ts';
import { nodeActions, podActions } from '../queue/object-events.ts';
import type { SchedulingQueue } from '../queue/scheduling-queue.ts';
import type { AssumedPods } from './assumed-pods.ts';

/** What the feed keeps up to date. */
export interface FeedDeps {
  readonly state: ClusterState;
  readonly queue: SchedulingQueue<Pod, NodeInfo>;
  readonly assumed: AssumedPods;
  /** Whether this scheduler is to place the Pod. */
  readonly isOurs: (pod: Pod) => boolean;
  /** The Pod is gone, or somebody placed it. */
  readonly onSettled: (pod: Pod) => void;
}

/** Hands the informer's Pods to the cluster state and the queue. */
export function podFeed(deps: FeedDeps): InformerHandler<Pod> {
  const feed = new PodFeed(deps);
  return {
    added: (pod) => feed.added(pod),
    updated: (old, pod) => feed.updated(old, pod),
    deleted: (pod) => feed.deleted(pod),
  };
}

/** Hands the informer's nodes to the cluster state and the queue. */
export function nodeFeed({ state, queue }: Pick<FeedDeps, 'state' | 'queue'>): InformerHandler<Node> {
  return {
    added(node) {
      state.setNode(node);
      queue.notify({ resource: 'Node', action: 'Add', object: node });
    },
    updated(old, node) {
      state.setNode(node);
      for (const action of nodeActions(old, node)) queue.notify({ resource: 'Node', action, old, object: node });
    },
    deleted(node) {
      state.removeNode(node.metadata.name);
      queue.notify({ resource: 'Node', action: 'Delete', old: node });
    },
  };
}

/** Hands an informer's objects of any other kind to the cluster state and the queue. */
export function objectFeed<T extends KubernetesObject>(kind: Kind<T>, { state, queue }: Pick<FeedDeps, 'state' | 'queue'>): InformerHandler<T> {
  const resource = kindName(kind);
  return {
    added(object) {
      state.setObject(kind, object);
      queue.notify({ resource, action: 'Add', object });
    },
    updated(old, object) {
      state.setObject(kind, object);
      queue.notify({ resource, action: 'Update', old, object });
    },
    deleted(object) {
      state.removeObject(kind, object);
      queue.notify({ resource, action: 'Delete', old: object });
    },
  };
}

class PodFeed {
  readonly #deps: FeedDeps;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  added(pod: Pod): void {
    if (hasEnded(pod)) return;
    if (isAssigned(pod)) this.#assigned(pod);
    else this.#pending(pod);
  }

  updated(old: Pod, pod: Pod): void {
    if (old.metadata.uid !== pod.metadata.uid) {
      this.deleted(old);
      this.added(pod);
    } else if (hasEnded(pod)) {
      if (!hasEnded(old)) this.deleted(old);
    } else if (!isAssigned(pod)) this.#changedPending(old, pod);
    else if (isAssigned(old)) this.#changedAssigned(old, pod);
    else this.#assigned(pod);
  }

  deleted(pod: Pod): void {
    const { state, queue, assumed, onSettled } = this.#deps;
    const key = keyOf(pod);
    const counted = state.getPod(key)?.pod;
    const wasPromisedRoom = state.nominations.nodeOf(key) !== undefined;
    state.nominations.delete(key);
    queue.delete(key);
    assumed.forget(key);
    state.removePod(key);
    onSettled(pod);
    // The room that it was promised is free again, too.
    if (counted !== undefined || wasPromisedRoom) queue.notify({ resource: 'AssignedPod', action: 'Delete', old: counted ?? pod });
    else if (!isAssigned(pod)) queue.notify({ resource: 'UnscheduledPod', action: 'Delete', old: pod });
  }

  /** The Pod is on a node now: by our binding, by somebody else's, or from the start. */
  #assigned(pod: Pod): void {
    const { state, queue, assumed, onSettled } = this.#deps;
    const key = keyOf(pod);
    const before = state.getPod(key)?.pod;
    if (before !== undefined) carryRequests(before, pod);
    assumed.forget(key);
    state.nominations.delete(key);
    state.setPod(pod);
    queue.delete(key);
    onSettled(pod);
    // We had thought of another node, where there is room again.
    if (before !== undefined && before.spec.nodeName !== pod.spec.nodeName) queue.notify({ resource: 'AssignedPod', action: 'Delete', old: before });
    queue.notify({ resource: 'AssignedPod', action: 'Add', object: pod });
  }

  #changedAssigned(old: Pod, pod: Pod): void {
    const { state, queue } = this.#deps;
    carryRequests(old, pod);
    state.setPod(pod);
    for (const action of podActions(old, pod)) queue.notify({ resource: 'AssignedPod', action, old, object: pod });
  }

  #pending(pod: Pod): void {
    const { state, queue, isOurs } = this.#deps;
    const nominated = nominatedNodeOf(pod);
    if (isOurs(pod) && nominated !== '') state.nominations.set(pod, nominated);
    if (isOurs(pod)) queue.add(pod);
    queue.notify({ resource: 'UnscheduledPod', action: 'Add', object: pod });
  }

  #changedPending(old: Pod, pod: Pod): void {
    const { queue, isOurs } = this.#deps;
    carryRequests(old, pod);
    if (isOurs(pod)) this.#updateNomination(old, pod);
    const actions = podActions(old, pod);
    if (isOurs(pod))
      queue.update(
        pod,
        actions.map((action): ClusterEvent => ({ resource: 'TargetPod', action, old, object: pod })),
      );
    for (const action of actions) queue.notify({ resource: 'UnscheduledPod', action, old, object: pod });
  }

  /** Somebody may nominate a Pod for a node, or withdraw that. Our own word that is not written yet stands. */
  #updateNomination(old: Pod, pod: Pod): void {
    const { nominations } = this.#deps.state;
    const present = nominations.nodeOf(keyOf(pod));
    const [before, after] = [nominatedNodeOf(old), nominatedNodeOf(pod)];
    const nodeName = before === after ? (present ?? '') : after;
    if (nodeName === '') nominations.delete(keyOf(pod));
    else nominations.set(pod, nodeName);
  }
}

function nominatedNodeOf(pod: Pod): string {
  return pod.status?.nominatedNodeName ?? '';
}

function isAssigned(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== '';
}
