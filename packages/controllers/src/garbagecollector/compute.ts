import type { KubernetesObject, OwnerReference } from '@kybern/core';

/** Holds an object until the dependents that block it are gone. */
export const FOREGROUND = 'foregroundDeletion';
/** Holds an object until its dependents no longer refer to it. */
export const ORPHAN = 'orphan';

/** What is known of the object that an owner reference names. */
export type OwnerState =
  /** It exists and stays, or goes without waiting for its dependents. */
  | 'solid'
  /** There is no such object: no object of that name, or one with another uid. */
  | 'absent'
  /** It is being deleted in the foreground: it waits for this dependent to go. */
  | 'waiting'
  /** It cannot be looked up: its kind is not known here, or a cluster-wide object names an owner in a namespace. */
  | 'unknown';

/** What {@link computeCollection} looks at. */
export interface CollectionInput {
  readonly object: KubernetesObject;
  /** The state of each of `object.metadata.ownerReferences`, in their order. */
  readonly owners: readonly OwnerState[];
  /** Objects that name this one as their owner. */
  readonly dependents: readonly KubernetesObject[];
}

/** What to do with one object. */
export type CollectionPlan =
  | { readonly type: 'none' }
  /** Remove the references to these owners, so that they no longer count. */
  | { readonly type: 'dropReferences'; readonly uids: readonly string[] }
  /** Delete it. `unblock`: first make its own references not blocking, for its dependents wait for it and it for them. */
  | { readonly type: 'delete'; readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan'; readonly unblock: boolean }
  /** Let it go: nothing blocks it any more. */
  | { readonly type: 'removeFinalizer'; readonly finalizer: string }
  /** Make its dependents forget it, then let it go. */
  | { readonly type: 'orphanDependents' };

const NONE: CollectionPlan = { type: 'none' };

/**
 * Decides what the garbage collector does with one object. An object is deleted only when it has owners and every one of them is absent, or at
 * least one is waiting for it and none is solid.
 *
 * Pure: reads only `input`; the same input gives the same plan.
 *
 * @see kubernetes v1.36 pkg/controller/garbagecollector/garbagecollector.go (attemptToDeleteItem, processDeletingDependentsItem, attemptToOrphan)
 */
export function computeCollection({ object, owners, dependents }: CollectionInput): CollectionPlan {
  if (object.metadata.deletionTimestamp !== undefined) return release(object, dependents);
  const references = object.metadata.ownerReferences ?? [];
  if (references.length === 0 || owners.includes('unknown')) return NONE;
  const withState = (state: OwnerState): readonly OwnerReference[] => references.filter((_, i) => owners[i] === state);
  const surplus = [...withState('absent'), ...withState('waiting')];
  if (surplus.length < references.length) return surplus.length === 0 ? NONE : { type: 'dropReferences', uids: surplus.map((reference) => reference.uid) };
  if (dependents.length > 0 && owners.includes('waiting')) return { type: 'delete', propagationPolicy: 'Foreground', unblock: dependents.some(isWaiting) };
  return { type: 'delete', propagationPolicy: chosenPolicy(object), unblock: false };
}

/** Whether an object that waited for its dependents may go by this plan. */
export function letsGo({ type }: CollectionPlan): boolean {
  return type === 'removeFinalizer' || type === 'orphanDependents';
}

/** Whether the object is being deleted in the foreground. */
export function isWaiting({ metadata }: KubernetesObject): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(FOREGROUND) === true;
}

/** Whether the object is being deleted and its dependents are to be kept. */
export function isOrphaning({ metadata }: KubernetesObject): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(ORPHAN) === true;
}

/** Whether the owner's foreground deletion waits for this dependent. */
export function blocks(dependent: KubernetesObject, owner: KubernetesObject): boolean {
  return (dependent.metadata.ownerReferences ?? []).some((reference) => reference.uid === owner.metadata.uid && reference.blockOwnerDeletion === true);
}

function release(object: KubernetesObject, dependents: readonly KubernetesObject[]): CollectionPlan {
  if (isOrphaning(object)) return { type: 'orphanDependents' };
  if (!isWaiting(object) || dependents.some((dependent) => blocks(dependent, object))) return NONE;
  return { type: 'removeFinalizer', finalizer: FOREGROUND };
}

/** A finalizer that somebody put on the object beforehand says how to delete it. */
function chosenPolicy({ metadata: { finalizers = [] } }: KubernetesObject): 'Background' | 'Foreground' | 'Orphan' {
  return finalizers.includes(ORPHAN) ? 'Orphan' : finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}
