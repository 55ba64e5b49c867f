import { isAlreadyExists, isApiError, isControlledBy, type KubernetesObject } from '@kybern/core';
import { Deployment, ReplicaSet } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { equalIgnoringHash } from '../pod-template.ts';
import type { DeploymentPlan } from './compute.ts';
import { createFailureStatus, Reason } from './status.ts';

/**
 * Carries out a plan: creates, then changes, then deletes, then writes the status.
 *
 * @throws {ApiError} what the server refused; what was done before stays, and the next plan goes on from there
 */
export async function applyDeployment(plan: DeploymentPlan, request: ReconcileRequest<Deployment>): Promise<void> {
  const { object: deployment, client, recorder } = request;
  if (plan.create !== undefined) await createReplicaSet(plan.create, request);
  for (const replicaSet of plan.update) await client.update(ReplicaSet, replicaSet);
  for (const event of plan.events) recorder.event(deployment, event);
  for (const replicaSet of plan.remove) await removeReplicaSet(replicaSet, request);
  if (plan.desired !== undefined) await client.update(Deployment, plan.desired, { subresource: 'status' });
}

async function createReplicaSet(replicaSet: ReplicaSet, request: ReconcileRequest<Deployment>): Promise<void> {
  try {
    await request.client.create(ReplicaSet, replicaSet);
  } catch (error) {
    if (isAlreadyExists(error)) await resolveCollision(replicaSet, request);
    else if (!isNamespaceTerminating(error)) await reportFailure(replicaSet, error, request);
    throw error;
  }
}

/** The name is taken: by an earlier attempt of ours, which the cache will show, or by another template of the same hash, which takes another name. */
async function resolveCollision(replicaSet: ReplicaSet, { client, object: deployment }: ReconcileRequest<Deployment>): Promise<void> {
  const existing = await client.get(ReplicaSet, replicaSet);
  if (isControlledBy(existing, deployment) && equalIgnoringHash(existing.spec.template, deployment.spec.template)) return;
  await client.mutateStatus(Deployment, deployment, (draft) => {
    draft.status.collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
  });
}

async function reportFailure(
  replicaSet: ReplicaSet,
  error: unknown,
  { object: deployment, client, recorder, clock }: ReconcileRequest<Deployment>,
): Promise<void> {
  const message = `Failed to create new replica set "${replicaSet.metadata.name}": ${isApiError(error) ? error.message : String(error)}`;
  recorder.event(deployment, { type: 'Warning', reason: Reason.createError, message });
  const status = createFailureStatus(deployment, message, clock.now());
  if (status.conditions !== deployment.status?.conditions) await client.update(Deployment, { ...deployment, status }, { subresource: 'status' });
}

async function removeReplicaSet(replicaSet: KubernetesObject, { client }: ReconcileRequest<Deployment>): Promise<void> {
  const { uid, resourceVersion } = replicaSet.metadata;
  const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  await ignoreNotFound(client.delete(ReplicaSet, replicaSet, { preconditions }));
}
