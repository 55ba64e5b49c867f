import { quantityToBytes } from '@kybern/core';
import {
  CSIDriver,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  type Node,
  type Pod,
  type TopologySelectorTerm,
} from '@kybern/core/kinds';
import { claimClass, findMatchingVolume, isBoundTo, storageRequest, volumeClass } from '@kybern/storage';
import type { ClusterObjects } from '../cluster/cluster-objects.ts';
import { podClaims } from '../cluster/pod-claims.ts';
import { selectorOrNothing } from '../cluster/pod-matcher.ts';
import { compileNodeSelector, type NodeMatcher } from './node-selector.ts';
import type { VolumeBooks } from './volume-books.ts';

/** A Pod's claims, by what is to be done about them. */
export interface ClassifiedClaims {
  /** The volumes of claims that are bound; undefined for one that is gone. */
  readonly bound: readonly (PersistentVolume | undefined)[];
  /** To be bound, or provisioned, where the Pod goes. */
  readonly delayed: readonly PersistentVolumeClaim[];
  /** Somebody else is to bind them first. */
  readonly immediate: readonly PersistentVolumeClaim[];
}

/** What a node means for a Pod's claims. */
export interface PodVolumes {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly provisions: readonly PersistentVolumeClaim[];
}

/** What decisions about volumes go by. */
export interface VolumeContext {
  readonly objects: ClusterObjects;
  readonly books: VolumeBooks;
}

const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind";
const NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
const NOT_ENOUGH_SPACE = 'node(s) did not have enough free storage';
const NO_VOLUME = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a claim: the node for which it is to be provisioned. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** A class without it can only bind volumes that are there. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** Finds the Pod's claims. A text says why the Pod cannot go anywhere yet. @see kubernetes v1.36 pkg/scheduler/framework/plugins/volumebinding/volume_binding.go */
export function classifyClaims(pod: Pod, objects: ClusterObjects): ClassifiedClaims | string {
  const bound: (PersistentVolume | undefined)[] = [];
  const unbound: { readonly delayed: PersistentVolumeClaim[]; readonly immediate: PersistentVolumeClaim[] } = { delayed: [], immediate: [] };
  for (const { name, key, isEphemeral } of podClaims(pod)) {
    const claim = objects.get(PersistentVolumeClaim, key);
    if (claim === undefined) {
      return isEphemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
        : `persistentvolumeclaim "${name}" not found`;
    }
    const problem = whyUnusable(pod, claim, isEphemeral);
    if (problem !== undefined) return problem;
    const kind = kindOf(claim, objects);
    if (kind === 'bound') bound.push(objects.get(PersistentVolume, claim.spec.volumeName ?? ''));
    else unbound[kind].push(claim);
  }
  return { bound, ...unbound };
}

/** Whether the claims can be had on every node. */
export function areEverywhere({ bound, delayed }: ClassifiedClaims): boolean {
  return delayed.length === 0 && bound.every((volume) => volume !== undefined && volume.spec.nodeAffinity?.required === undefined);
}

function whyUnusable(pod: Pod, { metadata, spec, status }: PersistentVolumeClaim, isEphemeral: boolean): string | undefined {
  const { name } = metadata;
  if (status?.phase === 'Lost') return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${spec.volumeName ?? ''}"`;
  if (metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  const isOwn = metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid) ?? false;
  if (isEphemeral && !isOwn)
    return `PVC "${metadata.namespace ?? ''}/${name}" was not created for pod "${metadata.namespace ?? ''}/${pod.metadata.name}" (pod is not owner)`;
  return undefined;
}

function kindOf(claim: PersistentVolumeClaim, objects: ClusterObjects): keyof ClassifiedClaims {
  const volumeName = claim.spec.volumeName ?? '';
  if (volumeName !== '') return claim.metadata.annotations?.[BIND_COMPLETED] === undefined ? 'immediate' : 'bound';
  return objects.get(StorageClass, claimClass(claim))?.volumeBindingMode === 'WaitForFirstConsumer' ? 'delayed' : 'immediate';
}

/**
 * How the Pod's claims could be had on a node, or the reasons why not. Pure.
 *
 * @see kubernetes v1.36 pkg/scheduler/framework/plugins/volumebinding/binder.go (FindPodVolumes)
 */
export function computePodVolumes(claims: ClassifiedClaims, node: Node, context: VolumeContext): PodVolumes | readonly string[] {
  const reasons = checkBound(claims.bound, node);
  if (claims.delayed.length === 0) return reasons.length > 0 ? reasons : NOTHING_TO_DO;
  const toProvision: PersistentVolumeClaim[] = [];
  const toMatch: PersistentVolumeClaim[] = [];
  for (const claim of claims.delayed) {
    const selected = context.books.selectedNode(claim) ?? claim.metadata.annotations?.[SELECTED_NODE];
    if (selected === undefined) toMatch.push(claim);
    else if (selected === node.metadata.name) toProvision.push(claim);
    else return [...reasons, BIND_CONFLICT];
  }
  const { bindings, unmatched } = matchVolumes(toMatch, node, context);
  const provisions = [...toProvision, ...unmatched];
  const problem = whyNotProvisioned(provisions, node, context.objects);
  if (problem !== undefined) reasons.push(problem);
  return reasons.length > 0 ? reasons : { bindings, provisions };
}

const NOTHING_TO_DO: PodVolumes = Object.freeze({ bindings: [], provisions: [] });

function checkBound(volumes: readonly (PersistentVolume | undefined)[], node: Node): string[] {
  let isReachable = true;
  for (const volume of volumes) {
    if (volume === undefined) return [NO_VOLUME];
    isReachable &&= reaches(volume, node);
  }
  return isReachable ? [] : [NODE_CONFLICT];
}

/** The smallest claims first, so that they leave the large volumes to the large ones. */
function matchVolumes(
  claims: readonly PersistentVolumeClaim[],
  node: Node,
  { objects, books }: VolumeContext,
): { readonly bindings: PodVolumes['bindings']; readonly unmatched: readonly PersistentVolumeClaim[] } {
  const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const unmatched: PersistentVolumeClaim[] = [];
  const taken = new Set<string>();
  for (const claim of [...claims].sort((a, b) => storageRequest(a) - storageRequest(b))) {
    const volume = findMatchingVolume(claim, volumesOfClass(objects, claimClass(claim)), {
      isUsable: (each) => !taken.has(each.metadata.name) && books.isFree(each, claim),
      isReachable: (each) => reaches(each, node),
    });
    if (volume === undefined) unmatched.push(claim);
    else {
      taken.add(volume.metadata.name);
      bindings.push({ claim, volume });
    }
  }
  return { bindings, unmatched };
}

/** Volumes by class, grouped once for as long as they all stay the same. */
const groups = new WeakMap<readonly PersistentVolume[], ReadonlyMap<string, readonly PersistentVolume[]>>();

function volumesOfClass(objects: ClusterObjects, className: string): readonly PersistentVolume[] {
  const volumes = objects.list(PersistentVolume);
  let byClass = groups.get(volumes);
  if (byClass === undefined) groups.set(volumes, (byClass = Map.groupBy(volumes, volumeClass)));
  return byClass.get(className) ?? [];
}

/** Selectors of volumes, compiled once per volume object. */
const matchers = new WeakMap<PersistentVolume, NodeMatcher>();

function reaches(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec.nodeAffinity?.required;
  if (required === undefined) return true;
  let matches = matchers.get(volume);
  if (matches === undefined) matchers.set(volume, (matches = compileNodeSelector(required)));
  return matches(node);
}

function whyNotProvisioned(claims: readonly PersistentVolumeClaim[], node: Node, objects: ClusterObjects): string | undefined {
  for (const claim of claims) {
    const storageClass = objects.get(StorageClass, claimClass(claim));
    const provisioner = storageClass?.provisioner ?? '';
    if (storageClass === undefined || provisioner === '' || provisioner === NO_PROVISIONER) return BIND_CONFLICT;
    if (!isAllowed(storageClass.allowedTopologies ?? [], node)) return BIND_CONFLICT;
    if (!hasCapacity(claim, storageClass, { node, objects })) return NOT_ENOUGH_SPACE;
  }
  return undefined;
}

/** Any term will do; inside a term every label must have one of the values. */
function isAllowed(terms: readonly TopologySelectorTerm[], { metadata }: Node): boolean {
  if (terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) => {
    const holds = ({ key, values }: { readonly key: string; readonly values: readonly string[] }): boolean => values.includes(metadata.labels?.[key] ?? '');
    return matchLabelExpressions.length > 0 && matchLabelExpressions.every((each) => metadata.labels?.[each.key] !== undefined && holds(each));
  });
}

/** Only drivers that publish their capacity are held to it. */
function hasCapacity(
  claim: PersistentVolumeClaim,
  { metadata, provisioner }: StorageClass,
  { node, objects }: { readonly node: Node; readonly objects: ClusterObjects },
): boolean {
  if (claim.spec.resources?.requests?.['storage'] === undefined) return true;
  if (objects.get(CSIDriver, provisioner)?.spec.storageCapacity !== true) return true;
  const bytes = storageRequest(claim);
  return objects.list(CSIStorageCapacity).some((capacity) => {
    const limit = volumeLimit(capacity);
    const isEnough = capacity.storageClassName === metadata.name && limit !== undefined && limit >= bytes;
    return isEnough && capacity.nodeTopology !== undefined && selectorOrNothing(capacity.nodeTopology)(node.metadata.labels);
  });
}

/** The largest volume that there is room for, in bytes; undefined when nobody knows. */
export function volumeLimit({ maximumVolumeSize, capacity }: CSIStorageCapacity): number | undefined {
  const limit = maximumVolumeSize ?? capacity;
  return limit === undefined ? undefined : quantityToBytes(limit);
}

/** Whether a claim and its volume have found each other. */
export function isFullyBound(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): boolean {
  const isMarked = claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
  return isMarked && (claim.spec.volumeName ?? '') !== '' && volume !== undefined && isBoundTo(volume, claim);
}
