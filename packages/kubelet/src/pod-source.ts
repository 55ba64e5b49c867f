import type { Client, Clock, Logger, Random } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { createInformer, type Informer, type InformerHandler } from '@kybern/reconcile';

/** Who is told of the Pods of one node. Called in the order of the changes; must not throw. */
export interface PodListener {
  /** A Pod of the node is there or has changed. */
  onPod(pod: Pod): void;
  /** It is gone from the API; `pod` is its last state. */
  onPodGone(pod: Pod): void;
}

/** Where kubelets get their Pods from. */
export interface PodSource {
  /** Resolves when everything that existed has been told. Rejects when {@link PodSource.run} ends before. */
  readonly synced: Promise<void>;
  /** Watches the API until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Tells the listener of what is on the node already, then of every change, until the returned function is called. */
  subscribe(nodeName: string, listener: PodListener): () => void;
}

/** Options of {@link createPodSource}. */
export interface PodSourceOptions {
  /** Watch the Pods of this node only. Unset: all Pods that are on some node. */
  readonly nodeName?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/**
 * Makes one watch of Pods for all kubelets of this process, each of which is told of its own Pods only: a thousand nodes cost one watch, not a thousand. Whoever
 * makes it runs it.
 *
 * @example
 * const pods = createPodSource(client);
 * void pods.run(signal);
 * for (const name of names) void createKubelet({ name, client, runtime: createSimulatedRuntime(), pods }).run(signal);
 */
export function createPodSource(client: Client, options: PodSourceOptions = {}): PodSource {
  const { nodeName, clock, random, logger } = options;
  const informer = createInformer({
    client,
    kind: Pod,
    fieldSelector: nodeName === undefined ? 'spec.nodeName!=' : `spec.nodeName=${nodeName}`,
    indexes: { [BY_NODE]: (pod) => (pod.spec.nodeName === undefined ? [] : [pod.spec.nodeName]) },
    ...(clock === undefined ? {} : { clock }),
    ...(random === undefined ? {} : { random }),
    ...(logger === undefined ? {} : { logger }),
  });
  return new InformerPodSource(informer);
}

const BY_NODE = 'node';

class InformerPodSource implements PodSource, InformerHandler<Pod> {
  readonly #informer: Informer<Pod>;
  readonly #listeners = new Map<string, Set<PodListener>>();

  constructor(informer: Informer<Pod>) {
    this.#informer = informer;
    informer.addHandler(this);
  }

  get synced(): Promise<void> {
    return this.#informer.synced;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#informer.run(signal);
  }

  subscribe(nodeName: string, listener: PodListener): () => void {
    const listeners = this.#listeners.get(nodeName) ?? new Set();
    this.#listeners.set(nodeName, listeners.add(listener));
    for (const pod of this.#informer.by(BY_NODE, nodeName)) listener.onPod(pod);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(nodeName);
    };
  }

  added(pod: Pod): void {
    for (const listener of this.#listenersOf(pod)) listener.onPod(pod);
  }

  updated(old: Pod, pod: Pod): void {
    // Another Pod of the same name, whose predecessor's end was not seen.
    if (old.metadata.uid !== pod.metadata.uid) this.deleted(old);
    this.added(pod);
  }

  deleted(pod: Pod): void {
    for (const listener of this.#listenersOf(pod)) listener.onPodGone(pod);
  }

  #listenersOf({ spec: { nodeName } }: Pod): Iterable<PodListener> {
    return nodeName === undefined ? [] : (this.#listeners.get(nodeName) ?? []);
  }
}
