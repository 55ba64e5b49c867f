import { isAlreadyExists, isControlledBy, isNotFound } from '@kybern/core';
import { PersistentVolumeClaim, Pod } from '@kybern/core/kinds';
import { defineController, done, type ControllerDefinition, type ReconcileRequest } from '@kybern/reconcile';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { computeEphemeralClaims } from './compute.ts';

/**
 * Creates the claims of generic ephemeral volumes. It caches no claims, so that a cluster without such volumes does not pay for it.
 *
 * @see kubernetes v1.36 pkg/controller/volume/ephemeral/controller.go
 */
export function ephemeralVolumeController(): ControllerDefinition<Pod> {
  return defineController({
    name: 'ephemeral-volume-controller',
    for: Pod,
    predicates: [(event) => event.type !== 'deleted' && (event.object.spec.volumes ?? []).some(({ ephemeral }) => ephemeral !== undefined) && isNew(event)],
    concurrency: 5,
    async reconcile(request) {
      for (const claim of computeEphemeralClaims(request.object)) await ensureClaim(request, claim);
      return done();
    },
  });
}

/** A Pod that has its node has its claims. */
const isNew = ({ object }: { readonly object: Pod }): boolean => (object.spec.nodeName ?? '') === '';

type Claim = ReturnType<typeof computeEphemeralClaims>[number];

async function ensureClaim(request: ReconcileRequest<Pod>, claim: Claim): Promise<void> {
  const { object: pod, client } = request;
  const key = { namespace: pod.metadata.namespace ?? '', name: claim.metadata.name };
  const find = (): Promise<PersistentVolumeClaim | undefined> =>
    client.get(PersistentVolumeClaim, key).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const found = (await find()) ?? ((await createClaim(request, claim)) ? undefined : await find());
  if (found === undefined || isControlledBy(found, pod)) return;
  // Somebody else's data must not be taken for the Pod's, nor be overwritten. The Pod waits until it is gone.
  throw new Error(`PVC "${key.namespace}/${key.name}" was not created for pod "${key.namespace}/${pod.metadata.name}" (pod is not owner)`);
}

/** @returns false when somebody was faster */
async function createClaim({ object: pod, client, recorder }: ReconcileRequest<Pod>, claim: Claim): Promise<boolean> {
  try {
    await client.create(PersistentVolumeClaim, claim);
    return true;
  } catch (error) {
    if (isNamespaceTerminating(error)) return true;
    if (isAlreadyExists(error)) return false;
    recorder.event(pod, {
      type: 'Warning',
      reason: 'FailedCreate',
      message: `ephemeral volume claim "${claim.metadata.name}": ${error instanceof Error ? error.message : String(error)}`,
    });
    throw error;
  }
}
