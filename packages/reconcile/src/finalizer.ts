import { isNotFound, type Kind, type KubernetesObject } from '@kybern/core';
import type { ReconcileRequest } from './controller.ts';
import { done, type Done, type RequeueAfter } from './outcome.ts';

/** Options of {@link withFinalizer}. */
export interface FinalizerOptions<T extends KubernetesObject> {
  readonly kind: Kind<T>;
  /** The finalizer, as `example.com/what-it-guards`. */
  readonly finalizer: string;
  /** Called for objects that are not being deleted, once the finalizer is on them. */
  reconcile(request: ReconcileRequest<T>): Promise<Done | RequeueAfter>;
  /**
   * Undoes in the outside world what `reconcile` did, for an object that is being deleted. Idempotent: it is called again when it throws, and when its result could not be
   * noted. The object goes when it returns {@link Done}; {@link RequeueAfter} keeps it.
   */
  cleanup(request: ReconcileRequest<T>): Promise<Done | RequeueAfter>;
}

/**
 * A reconcile that cannot miss a deletion: it puts a finalizer on the object before the first thing is done for it, and takes it off after the clean-up.
 *
 * @example defineController({ for: Site, reconcile: withFinalizer({ kind: Site, finalizer: 'example.com/dns', reconcile, cleanup }) })
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 */
export function withFinalizer<T extends KubernetesObject>(options: FinalizerOptions<T>): (request: ReconcileRequest<T>) => Promise<Done | RequeueAfter> {
  const { kind, finalizer } = options;
  return async (request) => {
    const { object, client } = request;
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    const isOn = finalizers.includes(finalizer);
    if (deletionTimestamp !== undefined) return isOn ? await cleanUp(options, request) : done();
    if (isOn) return await options.reconcile(request);
    const guarded = await client.mutate(kind, object, (draft) => setFinalizers(draft, [...finalizersOf(draft), finalizer]));
    return guarded.metadata.uid === object.metadata.uid ? await options.reconcile({ ...request, object: guarded }) : done();
  };
}

async function cleanUp<T extends KubernetesObject>(
  { kind, finalizer, cleanup }: FinalizerOptions<T>,
  request: ReconcileRequest<T>,
): Promise<Done | RequeueAfter> {
  const result = await cleanup(request);
  if (result.type !== 'done') return result;
  const { client, object } = request;
  try {
    await client.mutate(kind, object, (draft) => {
      // Another object of the same name has a clean-up of its own to come.
      if (draft.metadata.uid === object.metadata.uid)
        setFinalizers(
          draft,
          finalizersOf(draft).filter((each) => each !== finalizer),
        );
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return done();
}

/** A draft, of which only the metadata matters. */
interface WithFinalizers {
  readonly metadata: { finalizers?: readonly string[] | undefined };
}

function finalizersOf(draft: WithFinalizers): readonly string[] {
  return draft.metadata.finalizers ?? [];
}

function setFinalizers(draft: WithFinalizers, finalizers: readonly string[]): void {
  if (!finalizersOf(draft).every((each) => finalizers.includes(each)) || finalizersOf(draft).length !== finalizers.length)
    draft.metadata.finalizers = finalizers;
}
