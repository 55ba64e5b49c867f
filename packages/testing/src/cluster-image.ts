import type { KubernetesObject } from '@kybern/core';
import type { StateStore } from '@kybern/state';
import type { Origin } from './base.ts';
import type { TestClusterOptions } from './options.ts';
import type { TestCluster } from './test-cluster.ts';

/** The state of a cluster at one moment. Made in O(1) and shared: nothing is copied before somebody writes. */
export interface ClusterImage {
  readonly revision: number;
  /** Virtual wall time of the moment, ms since the Unix epoch. */
  readonly atMs: number;
  /** Every object, by the order of their keys. */
  objects(): readonly KubernetesObject[];
  /**
   * Starts a cluster that begins with this state, at this time; any number of times, each independent of the others. Its processes begin with empty caches, its
   * nodes as after a reboot. `nodes` is by default the nodes that the state has.
   */
  start(options?: Omit<TestClusterOptions, 'startMs'>): Promise<TestCluster>;
  /** The state as a store of its own, in O(1): what {@link TestClusterOptions.from} begins with. */
  open(): OpenedImage;
  /** The image as JSON, for {@link readClusterImage}. */
  toString(): string;
}

/** What a cluster that begins with an image is made from. */
export interface OpenedImage {
  readonly state: StateStore;
  /** Options that it has unless it is given others: the time and the nodes of the image, and what the cluster had that the image is of. */
  readonly defaults: TestClusterOptions;
}

/** Starts a cluster from a state. */
export type StartCluster = (options: TestClusterOptions, origin: Origin) => Promise<TestCluster>;

/** What an image is made of besides its state. */
export interface ImageParts {
  readonly atMs: number;
  /** Options of the clusters that are started from it. */
  readonly defaults: TestClusterOptions;
  readonly start: StartCluster;
}

/** Makes the image of a store's state. */
export function createClusterImage(state: StateStore, { atMs, defaults, start: startCluster }: ImageParts): ClusterImage {
  // A store of its own, so that what the cluster writes later does not show.
  const kept = state.fork();
  const records = (): readonly { readonly key: string; readonly value: KubernetesObject }[] => kept.snapshot().range('/registry/').records;
  return {
    revision: kept.revision,
    atMs,
    objects: () => records().map(({ value }) => value),
    start: (options = {}) => startCluster({ ...openStore(kept, atMs).defaults, ...defaults, ...options, startMs: atMs }, { state: kept.fork() }),
    open() {
      const opened = openStore(kept.fork(), atMs);
      return { ...opened, defaults: { ...opened.defaults, ...defaults } };
    },
    toString: () => JSON.stringify({ kybern: 'image', revision: kept.revision, atMs, objects: records().map(({ key, value }) => [key, value]) }),
  };
}

/** A store as the state of a cluster to be. */
export function openStore(state: StateStore, atMs: number): OpenedImage {
  const nodes = state
    .snapshot()
    .range('/registry/core/nodes/')
    .records.map(({ value }) => value.metadata.name ?? '');
  return { state, defaults: { nodes, startMs: atMs } };
}
