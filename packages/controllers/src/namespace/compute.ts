import { deepEqual, formatTime } from '@kybern/core';
import type { Namespace, NamespaceCondition, NamespaceStatus } from '@kybern/core/kinds';

/** What is left of one kind in a namespace that is being deleted. */
export interface RemainingContent {
  /** As `pods.` or `deployments.apps`: Kubernetes' messages put a dot after the plural. */
  readonly resource: string;
  readonly count: number;
  /** How many of them have each finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** What {@link computeNamespaceStatus} looks at. */
export interface NamespaceInput {
  readonly nowMs: number;
  readonly namespace: Namespace;
  /** Kinds of which something is left. */
  readonly remaining: readonly RemainingContent[];
  /** What could not be deleted, as sentences. */
  readonly failures: readonly string[];
}

/**
 * The status of a namespace on its way out.
 *
 * @returns undefined when it is as it is
 * @see kubernetes v1.36 pkg/controller/namespace/deletion/status_condition_utils.go
 */
export function computeNamespaceStatus({ nowMs, namespace, remaining, failures }: NamespaceInput): NamespaceStatus | undefined {
  const wanted = [
    condition('NamespaceDeletionDiscoveryFailure', false, ['ResourcesDiscovered', 'All resources successfully discovered']),
    condition('NamespaceDeletionGroupVersionParsingFailure', false, ['ParsedGroupVersions', 'All legacy kube types successfully parsed']),
    failures.length === 0
      ? condition('NamespaceDeletionContentFailure', false, ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'])
      : condition('NamespaceDeletionContentFailure', true, [
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`,
        ]),
    contentCondition(remaining),
    finalizerCondition(remaining),
  ];
  const current = namespace.status?.conditions ?? [];
  const others = current.filter(({ type }) => !wanted.some((each) => each.type === type));
  const conditions = [...others, ...wanted.map((each) => stamp(each, current, nowMs))];
  const status: NamespaceStatus = { ...namespace.status, phase: 'Terminating', conditions };
  return deepEqual(status, namespace.status) ? undefined : status;
}

/** When to look again, in ms: content goes by itself, some with a grace period and some when somebody removes a finalizer. */
export function recheckMs(remaining: readonly RemainingContent[], graceSeconds: number): number {
  const held = remaining.some(({ finalizers }) => finalizers.size > 0);
  const estimateSeconds = Math.max(graceSeconds, held ? 15 : 0);
  return (Math.floor(estimateSeconds / 2) + 1) * 1000;
}

function condition(type: string, status: boolean, [reason, message]: readonly [string, string]): NamespaceCondition {
  return { type, status: status ? 'True' : 'False', reason, message };
}

function contentCondition(remaining: readonly RemainingContent[]): NamespaceCondition {
  const texts = remaining.map(({ resource, count }) => `${resource} has ${count} resource instances`).sort();
  return texts.length === 0
    ? condition('NamespaceContentRemaining', false, ['ContentRemoved', 'All content successfully removed'])
    : condition('NamespaceContentRemaining', true, ['SomeResourcesRemain', `Some resources are remaining: ${texts.join(', ')}`]);
}

function finalizerCondition(remaining: readonly RemainingContent[]): NamespaceCondition {
  const counts = new Map<string, number>();
  for (const { finalizers } of remaining) for (const [finalizer, count] of finalizers) counts.set(finalizer, (counts.get(finalizer) ?? 0) + count);
  const texts = [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
  return texts.length === 0
    ? condition('NamespaceFinalizersRemaining', false, ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'])
    : condition('NamespaceFinalizersRemaining', true, ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${texts.join(', ')}`]);
}

function stamp(wanted: NamespaceCondition, current: readonly NamespaceCondition[], nowMs: number): NamespaceCondition {
  const before = current.find(({ type }) => type === wanted.type);
  const time = before?.status === wanted.status ? before.lastTransitionTime : undefined;
  return { ...wanted, lastTransitionTime: time ?? formatTime(nowMs) };
}
