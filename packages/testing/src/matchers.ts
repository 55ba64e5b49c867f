import type { Condition, KubernetesObject } from '@kybern/core'; // types only: test runners load this file once per test file
import type { Finding, WritesNothingOptions } from './assertions/rest.ts';
import type { TestCluster } from './test-cluster.ts';

/** What a matcher answers a test runner. */
export interface MatcherResult {
  readonly pass: boolean;
  message(): string;
}

/** What `toBeAvailable` may ask for. */
export interface AvailableExpectation {
  /** Exactly so many replicas are available. */
  readonly replicas?: number;
}

/** The fields that workloads share. */
interface Workload extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly observedGeneration?: number; readonly availableReplicas?: number; readonly conditions?: readonly Condition[] };
}

/** Whether a workload's controller has seen its newest spec and all (or so many) of its replicas are available. */
export function toBeAvailable(received: unknown, expected: AvailableExpectation = {}): MatcherResult {
  const { metadata, spec, status } = received as Workload;
  const wanted = expected.replicas ?? spec?.replicas ?? 1;
  const available = status?.availableReplicas ?? 0;
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const condition = conditionOf(received as Workload, 'Available');
  const pass = seen && available === wanted && condition?.status !== 'False';
  const found = `${String(available)} available${seen ? '' : ', its newest spec not yet observed'}${condition === undefined ? '' : `, condition Available is ${condition.status}`}`;
  return {
    pass,
    message: () =>
      `expected ${(received as Workload).kind} "${metadata.name}" ${pass ? 'not ' : ''}to be available with ${String(wanted)} replicas; it has ${found}`,
  };
}

/** Whether an object has a condition with a status (default True). */
export function toHaveCondition(received: unknown, type: string, status: 'True' | 'False' | 'Unknown' = 'True'): MatcherResult {
  const object = received as Workload;
  const condition = conditionOf(object, type);
  const pass = condition?.status === status;
  const found = condition === undefined ? 'it has no such condition' : `it is ${condition.status} (${condition.reason ?? ''}: ${condition.message ?? ''})`;
  return { pass, message: () => `expected condition ${type} of ${object.kind} "${object.metadata.name}" ${pass ? 'not ' : ''}to be ${status}; ${found}` };
}

/** Whether a settled cluster is left alone by its reconcilers, also when they start anew: see {@link writesNothing}. */
export async function toWriteNothing(received: unknown, options?: WritesNothingOptions): Promise<MatcherResult> {
  const { writesNothing } = await import('./assertions/rest.ts');
  return resultOf(await writesNothing(received as TestCluster, options), 'to write nothing');
}

/** Whether a cluster comes to rest once nothing goes wrong any more: see {@link converges}. */
export async function toConverge(received: unknown, options?: { readonly within?: string }): Promise<MatcherResult> {
  const { converges } = await import('./assertions/rest.ts');
  return resultOf(await converges(received as TestCluster, options), 'to converge');
}

/** Whether nothing is written without end in a settled cluster: see {@link hasNoHotLoop}. */
export async function toHaveNoHotLoop(received: unknown, options?: { readonly writesPerMinute?: number }): Promise<MatcherResult> {
  const { hasNoHotLoop } = await import('./assertions/rest.ts');
  return resultOf(await hasNoHotLoop(received as TestCluster, options), 'to have no hot loop');
}

function resultOf({ ok, message }: Finding, what: string): MatcherResult {
  return { pass: ok, message: () => `expected the cluster ${ok ? 'not ' : ''}${what}; ${message}` };
}

function conditionOf(object: Workload, type: string): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}
