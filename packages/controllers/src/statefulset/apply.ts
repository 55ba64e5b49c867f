import { isAlreadyExists, type ObjectInput } from '@kybern/core';
import { PersistentVolumeClaim, Pod, StatefulSet } from '@kybern/core/kinds';
import type { ReconcileRequest } from '@kybern/reconcile';
import { ignoreNotFound } from '../ignore-not-found.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { messageOf } from '../pod-control.ts';
import { writeRevision } from '../revision-control.ts';
import type { StatefulSetAction, StatefulSetPlan } from './compute.ts';

type Request = ReconcileRequest<StatefulSet>;

/** What became of a plan. */
export interface AppliedStatefulSet {
  /** The Pods as they are now. */
  readonly pods: readonly Pod[];
  /** The first error; to be thrown when the status is written. */
  readonly error: unknown;
}

/** Carries out a plan: the revision, then the actions one after the other, up to the first that fails. */
export async function applyStatefulSet({ revisions, actions }: StatefulSetPlan, pods: readonly Pod[], request: Request): Promise<AppliedStatefulSet> {
  const { client, object: set } = request;
  await writeRevision(revisions, request, () =>
    client.mutateStatus(StatefulSet, set, (draft) => {
      draft.status.collisionCount = (set.status?.collisionCount ?? 0) + 1;
    }),
  );
  let now = pods;
  for (const action of actions) {
    try {
      now = await act(action, now, request);
    } catch (error) {
      return { pods: now, error: isNamespaceTerminating(error) ? undefined : error };
    }
  }
  return { pods: now, error: undefined };
}

async function act(action: StatefulSetAction, pods: readonly Pod[], request: Request): Promise<readonly Pod[]> {
  switch (action.type) {
    case 'create':
      return [...pods, await createMember(action.pod, action.claims, request)];
    case 'createClaims':
      await createClaims(action.claims, action.pod.metadata.name, request);
      return pods;
    case 'remove':
      return removeMember(action.pod, pods, request);
    case 'label':
      await ignoreNotFound(request.client.patch(Pod, action.pod, { type: 'merge', patch: { metadata: { labels: action.labels } } }));
      return pods;
    case 'setOwners':
      await ignoreNotFound(
        request.client.update(PersistentVolumeClaim, {
          ...action.claim,
          metadata: { ...action.claim.metadata, ownerReferences: action.owners },
        }),
      );
      return pods;
  }
}

async function createMember(input: ObjectInput<Pod>, claims: readonly PersistentVolumeClaim[], request: Request): Promise<Pod> {
  const name = input.metadata?.name ?? '';
  const report = reporter(request, 'create', name);
  try {
    await createClaims(claims, name, request);
    const pod = await request.client.create(Pod, input);
    report();
    return pod;
  } catch (error) {
    // A Pod of that name which is not this set's: it is looked at again later.
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) report(error);
    throw error;
  }
}

async function createClaims(claims: readonly PersistentVolumeClaim[], podName: string, { object: set, client, recorder }: Request): Promise<void> {
  for (const claim of claims) {
    const what = `Claim ${claim.metadata.name}`;
    try {
      await client.create(PersistentVolumeClaim, claim);
      const message = `create ${what} Pod ${podName} in StatefulSet ${set.metadata.name} success`;
      recorder.event(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
    } catch (error) {
      if (isAlreadyExists(error)) continue;
      const message = `create ${what} for Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`;
      if (!isNamespaceTerminating(error)) recorder.event(set, { type: 'Warning', reason: 'FailedCreate', message });
      throw error;
    }
  }
}

async function removeMember(pod: Pod, pods: readonly Pod[], request: Request): Promise<readonly Pod[]> {
  const { name, uid } = pod.metadata;
  const report = reporter(request, 'delete', name);
  try {
    const left = await ignoreNotFound(request.client.delete(Pod, pod, uid === undefined ? {} : { preconditions: { uid } }));
    report();
    const gone = left === undefined || left.metadata.deletionGracePeriodSeconds === 0;
    return gone ? pods.filter((each) => each !== pod) : pods.map((each) => (each === pod ? left : each));
  } catch (error) {
    report(error);
    throw error;
  }
}

/** @see kubernetes v1.36 pkg/controller/statefulset/stateful_pod_control.go (recordPodEvent) */
function reporter({ object: set, recorder }: Request, verb: 'create' | 'delete', pod: string): (error?: unknown) => void {
  const reason = verb === 'create' ? 'Create' : 'Delete';
  const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
  return (error) => {
    if (error === undefined) recorder.event(set, { type: 'Normal', reason: `Successful${reason}`, message: `${what} successful` });
    else recorder.event(set, { type: 'Warning', reason: `Failed${reason}`, message: `${what} failed error: ${messageOf(error)}` });
  };
}
