// What the scenarios of this folder have in common.
import type { KubernetesObject } from '@kybern/core';
import { Pod, type JobSpec } from '@kybern/core/kinds';
import type { TestCluster, TestClusterOptions } from '@kybern/testing';
import { expect } from 'vitest';

/** Something to bring about, and how it looks in the end. */
export interface Scenario {
  readonly name: string;
  /** What the cluster is to have besides two nodes. */
  readonly options?: Pick<TestClusterOptions, 'stages'>;
  /** Makes the wish while things go wrong. */
  readonly begin: (cluster: TestCluster) => Promise<void>;
  /** What the cluster has come to when nothing goes wrong any more. */
  readonly expectEnd: (cluster: TestCluster) => Promise<void>;
}

export const NODES = ['node-1', 'node-2'];
export const meta = (name: string): { readonly name: string; readonly namespace: string } => ({ name, namespace: 'default' });
export const labels = { app: 'web' };
export const selector = { matchLabels: labels };
export const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } };
/** A template whose container ends well after a while, where {@link taskEnds} was said. */
export const task: JobSpec['template'] = { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'task' }] } };

export function taskEnds(cluster: TestCluster, afterMs: number): void {
  for (const name of NODES) cluster.node(name).runtime.behaviors.add({ image: 'task', exit: { code: 0, afterMs } });
}

export async function livePods({ client }: TestCluster): Promise<readonly Pod[]> {
  const { items } = await client.list(Pod, { namespace: 'default', labels });
  return items.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== 'Failed');
}

export async function expectReady(cluster: TestCluster, count: number): Promise<void> {
  const pods = await livePods(cluster);
  const ready = pods.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status);
  expect(ready).toEqual(Array.from({ length: count }, () => 'True'));
}

export const ownersOf = ({ metadata }: KubernetesObject): readonly string[] => (metadata.ownerReferences ?? []).map(({ kind }) => kind);
