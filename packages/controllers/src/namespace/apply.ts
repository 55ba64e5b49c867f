import { isApiError, type Client, type Kind, type KubernetesObject } from '@kybern/core';
import { Namespace } from '@kybern/core/kinds';
import { done, requeueAfter, type Done, type ReconcileRequest, type RequeueAfter } from '@kybern/reconcile';
import { computeNamespaceStatus, recheckMs, type RemainingContent } from './compute.ts';

/** What holds a namespace in `spec.finalizers` until it is empty. */
export const NAMESPACE_FINALIZER = 'kubernetes';

/** What is left of a namespace's content. */
export interface Emptied {
  readonly remaining: readonly RemainingContent[];
  readonly failures: readonly string[];
  /** The longest grace period of what is left. */
  readonly graceSeconds: number;
}

/** Deletes everything of `kinds` in a namespace. */
export async function empty(kinds: readonly Kind[], { object, client }: ReconcileRequest<Namespace>): Promise<Emptied> {
  const results = await Promise.all(kinds.map((kind) => emptyKind(kind, object.metadata.name, client)));
  return {
    remaining: results.flatMap(({ left, kind }) => (left.length === 0 ? [] : [summarize(kind, left)])),
    failures: results.flatMap(({ failure }) => failure ?? []),
    graceSeconds: Math.max(0, ...results.flatMap(({ left }) => left.map(({ metadata }) => metadata.deletionGracePeriodSeconds ?? 0))),
  };
}

interface EmptiedKind {
  readonly kind: Kind;
  readonly left: readonly KubernetesObject[];
  readonly failure: string | undefined;
}

async function emptyKind(kind: Kind, namespace: string, client: Client): Promise<EmptiedKind> {
  try {
    if ((await client.list(kind, { namespace, limit: 1 })).items.length === 0) return { kind, left: [], failure: undefined };
    await client.deleteCollection(kind, { namespace });
    return { kind, left: (await client.list(kind, { namespace })).items, failure: undefined };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return { kind, left: [], failure: error.message };
  }
}

function summarize(kind: Kind, left: readonly KubernetesObject[]): RemainingContent {
  const finalizers = new Map<string, number>();
  for (const { metadata } of left) for (const finalizer of metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  return { resource: `${kind.plural}.${kind.group}`, count: left.length, finalizers };
}

/** Lets the namespace go when it is empty; else says what is left, and when to look again. @throws when something could not be deleted */
export async function report({ remaining, failures, graceSeconds }: Emptied, request: ReconcileRequest<Namespace>): Promise<Done | RequeueAfter> {
  const { object: namespace, client, clock } = request;
  if (remaining.length === 0 && failures.length === 0) {
    const finalizers = (namespace.spec.finalizers ?? []).filter((finalizer) => finalizer !== NAMESPACE_FINALIZER);
    await client.update(Namespace, { ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: 'finalize' });
    return done();
  }
  const status = computeNamespaceStatus({ nowMs: clock.now(), namespace, remaining, failures });
  if (status !== undefined) await client.update(Namespace, { ...namespace, status }, { subresource: 'status' });
  if (failures.length > 0) throw new Error(`namespace "${namespace.metadata.name}": ${failures.join(', ')}`);
  return requeueAfter(recheckMs(remaining, graceSeconds));
}
