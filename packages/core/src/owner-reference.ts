import { apiVersionOf, type Kind } from './kind.ts';
import type { KubernetesObject, ObjectMeta, OwnerReference } from './object.ts';

/** Options of {@link ownerReference}. */
export interface OwnerReferenceOptions {
  /** The owner manages the dependent; an object has at most one such owner. Default false. */
  readonly controller?: boolean;
  /** Foreground deletion of the owner waits for the dependent. Default: as `controller`. */
  readonly blockOwnerDeletion?: boolean;
}

/** Anything that carries metadata: an object or a draft of one. */
interface WithMeta {
  readonly metadata: ObjectMeta;
}

/**
 * The reference by which a dependent names `owner`.
 *
 * @param owner an object that exists: it has a `uid`
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go (NewControllerRef)
 */
export function ownerReference<T extends KubernetesObject>(kind: Kind<T>, owner: WithMeta, options: OwnerReferenceOptions = {}): OwnerReference {
  const { controller = false, blockOwnerDeletion = controller } = options;
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    ...(controller ? { controller } : {}),
    ...(blockOwnerDeletion ? { blockOwnerDeletion } : {}),
  };
}

/** The reference to the owner that manages `object`, if there is one. */
export function controllerOf(object: WithMeta): OwnerReference | undefined {
  const references = object.metadata.ownerReferences;
  if (references === undefined) return undefined;
  for (const reference of references) if (reference.controller === true) return reference;
  return undefined;
}

/** Whether `owner` (by its uid) manages `object`. */
export function isControlledBy(object: WithMeta, owner: WithMeta): boolean {
  const uid = controllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata.uid;
}
