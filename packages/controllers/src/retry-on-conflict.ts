import { isAlreadyExists, isConflict, type KubernetesObject } from '@kybern/core';
import { requeueAfter, type ReconcileRequest, type ReconcileResult } from '@kybern/reconcile';

const RETRY_MS = 20;

/**
 * A reconcile for which it is no failure that somebody else wrote or created an object first: it begins again a little later, when the cache shows that.
 *
 * Whatever else it throws is thrown on, to be reported and retried with back-off.
 */
export function retryOnConflict<T extends KubernetesObject>(
  reconcile: (request: ReconcileRequest<T>) => Promise<ReconcileResult>,
): (request: ReconcileRequest<T>) => Promise<ReconcileResult> {
  return async (request) => {
    try {
      return await reconcile(request);
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
      return requeueAfter(RETRY_MS);
    }
  };
}
