import {
  compileLabelSelector,
  isControlledBy,
  keyOf,
  matchesLabelSelector,
  ownerReference,
  type Kind,
  type KubernetesObject,
  type LabelMatcher,
  type LabelSelector,
} from '@kybern/core';
import type { Cache, ReconcileRequest } from '@kybern/reconcile';
import { computeClaims } from './claims.ts';
import { ignoreNotFound } from './ignore-not-found.ts';

/** What {@link claim} claims, and for whom. */
export interface ClaimOptions<O extends KubernetesObject, T extends KubernetesObject> {
  /** The owner's kind. */
  readonly for: Kind<O>;
  /** The kind of what it manages. */
  readonly kind: Kind<T>;
  /** The name of the index of `kind` by namespace that holds what nobody manages. */
  readonly orphans: string;
  readonly selector: LabelSelector;
  /** Which objects can be adopted or released at all. Default: all. */
  readonly isCandidate?: (object: T) => boolean;
  /** A finalizer that what is managed has: put on at adoption, taken off at release. */
  readonly finalizer?: string;
}

/**
 * The objects that a request's object manages, after it adopted those of its selector that nobody manages, and released those that left it.
 *
 * @see kubernetes v1.36 pkg/controller/controller_ref_manager.go
 */
export async function claim<O extends KubernetesObject, T extends KubernetesObject>(
  request: ReconcileRequest<O>,
  options: ClaimOptions<O, T>,
): Promise<readonly T[]> {
  const { object: owner, cache } = request;
  const { kind, selector, isCandidate = () => true, finalizer } = options;
  const orphans = cache.by(kind, options.orphans, owner.metadata.namespace ?? '');
  const candidates = [...cache.ownedBy(kind, owner), ...orphans].filter(isCandidate);
  const { owned, adopt, release } = computeClaims({ owner, selects: matcher(selector), candidates });
  await Promise.all(release.map((object) => letGo(request, { kind, finalizer }, object)));
  if (adopt.length === 0 || !(await mayAdopt(request, options.for))) return owned;
  const adopted = await Promise.all(adopt.map((object) => take(request, options, object)));
  return [...owned, ...adopted.filter((object) => object !== undefined)];
}

/** Selectors of workloads mostly are a few equal labels, for which compiling costs more than it saves. */
function matcher(selector: LabelSelector): LabelMatcher {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  if (matchExpressions.length > 0) return compileLabelSelector(selector);
  return (labels) => {
    for (const name in matchLabels) if (labels?.[name] !== matchLabels[name]) return false;
    return true;
  };
}

/** Asks the server, for the cache may not know yet that the owner is being deleted. */
async function mayAdopt<O extends KubernetesObject>({ client, object }: ReconcileRequest<O>, kind: Kind<O>): Promise<boolean> {
  const fresh = await client.get(kind, object);
  return fresh.metadata.uid === object.metadata.uid && fresh.metadata.deletionTimestamp === undefined;
}

/** Undefined when it is gone, or somebody else's by now. */
async function take<O extends KubernetesObject, T extends KubernetesObject>(
  { client, object: owner }: ReconcileRequest<O>,
  options: ClaimOptions<O, T>,
  object: T,
): Promise<T | undefined> {
  const reference = ownerReference(options.for, owner, { controller: true });
  const write = client.mutate(options.kind, object, ({ metadata }) => {
    const references = metadata.ownerReferences ?? [];
    const isFree = references.every((each) => each.controller !== true);
    if (metadata.uid !== object.metadata.uid || !isFree) return;
    metadata.ownerReferences = [...references, { ...reference }];
    const { finalizer } = options;
    if (finalizer !== undefined && metadata.finalizers?.includes(finalizer) !== true) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  });
  const taken = await ignoreNotFound(write);
  return taken !== undefined && isControlledBy(taken, owner) ? taken : undefined;
}

function letGo<O extends KubernetesObject, T extends KubernetesObject>(
  { client, object: owner }: ReconcileRequest<O>,
  { kind, finalizer }: { readonly kind: Kind<T>; readonly finalizer: string | undefined },
  object: T,
): Promise<T | undefined> {
  const write = client.mutate(kind, object, ({ metadata }) => {
    if (metadata.uid !== object.metadata.uid) return;
    if (metadata.finalizers !== undefined) metadata.finalizers = metadata.finalizers.filter((each) => each !== finalizer);
    metadata.ownerReferences = (metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid);
  });
  return ignoreNotFound(write);
}

/** The keys of the objects of `kind` whose selector selects `object`, in its namespace. */
export function selecting<O extends KubernetesObject & { readonly spec: { readonly selector?: LabelSelector } }>(
  cache: Cache,
  kind: Kind<O>,
  object: KubernetesObject,
): readonly string[] {
  const { namespace, labels } = object.metadata;
  const owners = cache.list(kind, namespace === undefined ? {} : { namespace });
  return owners.filter(({ spec: { selector } }) => selector !== undefined && matchesLabelSelector(selector, labels)).map(keyOf);
}
