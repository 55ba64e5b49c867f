import type { FaultSource, TestCluster } from '@kybern/testing';
import type { ControllerDefinition } from '@kybern/reconcile';

/** A small reconciler with one bug, its twin without, and a test that a user would write for either. */
export interface Specimen {
  readonly name: string;
  /** What the bug cannot cope with: a crash between two writes, a cache that is behind, or a change that it never saw. */
  readonly cause: 'intermediate state' | 'stale state' | 'unobserved state';
  readonly faults: readonly FaultSource[];
  readonly faulty: () => ControllerDefinition;
  readonly fixed: () => ControllerDefinition;
  readonly test: (cluster: TestCluster) => Promise<void>;
}

/** Nothing goes wrong any more, and everything that was under way comes to its end. */
export async function rest(cluster: TestCluster): Promise<void> {
  await cluster.settle();
  cluster.faults.calm();
  await cluster.advance('2m');
  await cluster.settle();
}

/** Where all objects of the specimens are. */
export const named = (name: string): { readonly name: string; readonly namespace: string } => ({ name, namespace: 'default' });
