import type { Kind, Logger } from '@kybern/core';
import type { ControllerDefinition } from '@kybern/reconcile';
import type { Plugin } from '@kybern/scheduler';
import type { ClusterImage } from './cluster-image.ts';
import type { FaultSource } from './faults/fault-source.ts';

/** Options of {@link createTestCluster}. */
export interface TestClusterOptions {
  /** Equal seeds give equal runs, to the byte. Default 1. */
  readonly seed?: number | string;
  /** How many simulated nodes (`node-1`, `node-2`, …), or their names. Default 3. */
  readonly nodes?: number | readonly string[];
  /** Which controllers run: Kubernetes' own (`all`, the default), none, or a list. More can be started with {@link TestCluster.run}. */
  readonly controllers?: 'all' | 'none' | readonly ControllerDefinition[];
  /** `false`: Pods wait until the test binds them. */
  readonly scheduler?: { readonly plugins?: readonly Plugin[] } | false;
  /**
   * What containers and nodes do by themselves, as YAML of `simulation.kybern/v1` (its text, or the URL of a file): stages with delays, jitter, weights and
   * conditions, and curves of what containers use. See docs/simulation-stages.md.
   */
  readonly stages?: string | URL;
  /**
   * What it begins with: an image of a cluster, its JSON, or the URL of its file, such as `kybern snapshot FILE` writes of a running cluster. The time is that
   * of the image, and the nodes are those that it has, unless they are given here. Default: nothing.
   */
  readonly from?: ClusterImage | URL | string;
  /** Kinds of one's own. Those of controllers are served without being named here. */
  readonly kinds?: readonly Kind[];
  /** Virtual wall time at the start, ms since the Unix epoch. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  readonly logger?: Logger;
  /** What goes wrong by chance, by the seed, once the cluster is up. Default: nothing. See also {@link TestCluster.faults}. */
  readonly faults?: readonly FaultSource[];
}
