import { controllerOf, type OwnerReference } from '@kybern/core';
import { Deployment, ReplicaSet, ReplicationController, StatefulSet, type Pod } from '@kybern/core/kinds';
import type { Cache } from '@kybern/reconcile';
import type { ExpectedScale } from './compute.ts';

/**
 * The sum of the sizes of what manages the Pods, each once; a ReplicaSet counts as its Deployment.
 *
 * @see kubernetes v1.36 pkg/controller/disruption/disruption.go (getExpectedScale)
 */
export function expectedScale(pods: readonly Pod[], cache: Cache): ExpectedScale | { readonly error: string } {
  const sizes = new Map<string, number>();
  const unmanaged: string[] = [];
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined) unmanaged.push(pod.metadata.name);
    else {
      const found = sizeOf(owner, pod.metadata.namespace ?? '', cache);
      if (found === undefined) return { error: `found no controllers for pod "${pod.metadata.name}"` };
      sizes.set(found.uid, found.size);
    }
  }
  return { count: [...sizes.values()].reduce((total, size) => total + size, 0), unmanaged };
}

interface Size {
  readonly uid: string;
  readonly size: number;
}

function sizeOf(owner: OwnerReference, namespace: string, cache: Cache): Size | undefined {
  const key = `${namespace}/${owner.name}`;
  switch (owner.kind) {
    case 'ReplicaSet': {
      const set = cache.get(ReplicaSet, key);
      const above = set === undefined ? undefined : controllerOf(set);
      if (above?.kind === 'Deployment') return checked(cache.get(Deployment, `${namespace}/${above.name}`), above.uid);
      return checked(set, owner.uid);
    }
    case 'ReplicationController':
      return checked(cache.get(ReplicationController, key), owner.uid);
    case 'StatefulSet':
      return checked(cache.get(StatefulSet, key), owner.uid);
    default:
      return undefined;
  }
}

const checked = (owner: Deployment | ReplicaSet | ReplicationController | StatefulSet | undefined, uid: string): Size | undefined =>
  owner === undefined || owner.metadata.uid !== uid ? undefined : { uid, size: owner.spec.replicas ?? 1 };
