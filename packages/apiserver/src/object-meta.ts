import type { KubernetesObject, MutableJson } from '@kybern/core';
import type { Environment } from './environment.ts';
import { badRequest } from './errors.ts';
import type { ApiRequest } from './request.ts';
import type { Resource } from './resource.ts';

/** Names made from `generateName` are at most 63 characters, five of them random. */
const SUFFIX_LENGTH = 5;
const MAX_GENERATE_NAME = 63 - SUFFIX_LENGTH;

/**
 * Checks that a body is an object of the resource's kind; a body may leave out what it is.
 *
 * @throws {ApiError} `BadRequest`
 */
export function checkIdentity(body: unknown, { kind, apiVersion }: Resource): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the body of the request is not an object');
  const given = body as { readonly apiVersion?: unknown; readonly kind?: unknown; readonly metadata?: unknown };
  if ((given.apiVersion ?? apiVersion) !== apiVersion || (given.kind ?? kind.kind) !== kind.kind) {
    throw badRequest(
      `the object provided is unrecognized: ${String(given.kind)} in version "${String(given.apiVersion)}" cannot be handled as a ${kind.kind} in version "${apiVersion}"`,
    );
  }
  const { metadata } = given;
  if (metadata !== undefined && (typeof metadata !== 'object' || Array.isArray(metadata))) throw badRequest('metadata of the provided object is not an object');
}

/** Writes the request's namespace into the object. @throws {ApiError} `BadRequest` when the object names another */
export function setNamespace(metadata: MutableJson, resource: Resource, request: ApiRequest): void {
  const given: unknown = metadata.namespace;
  if (!resource.namespaced) {
    if (given !== undefined) delete metadata.namespace;
    return;
  }
  const namespace = request.namespace ?? 'default';
  if (given !== undefined && given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = namespace;
}

/** The fields of metadata that a client may set, in the order in which Kubernetes writes them; and between them those of the system. */
const LISTS = ['ownerReferences', 'finalizers'] as const;
const MAPS = ['labels', 'annotations'] as const;

/**
 * The metadata of a new object: what the client may say and what the system decides (uid, time).
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go (FillObjectMetaSystemFields)
 */
export function newMetadata(given: MutableJson, env: Environment, { now, generation }: { now: string; generation: boolean }): MutableJson {
  const { name = '', generateName: base, namespace, labels, annotations, ownerReferences, finalizers } = given;
  const uid = env.ids.uid();
  // One literal per shape: objects that grow field by field cost more, and stay larger.
  const metadata: MutableJson = namespace === undefined ? { name, uid, creationTimestamp: now } : { name, namespace, uid, creationTimestamp: now };
  if (generation) metadata.generation = 1;
  if (base !== undefined && base !== '') metadata.generateName = base;
  if (labels !== undefined && !isEmptyObject(labels)) metadata.labels = labels;
  if (annotations !== undefined && !isEmptyObject(annotations)) metadata.annotations = annotations;
  if (ownerReferences !== undefined && ownerReferences.length !== 0) metadata.ownerReferences = ownerReferences;
  if (finalizers !== undefined && finalizers.length !== 0) metadata.finalizers = finalizers;
  return metadata;
}

/** A name for an object that has only `generateName`. */
export function generateName(base: string, env: Environment): string {
  return (base.length > MAX_GENERATE_NAME ? base.slice(0, MAX_GENERATE_NAME) : base) + env.ids.suffix(SUFFIX_LENGTH);
}

/**
 * Puts back into a changed object what an update cannot change.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/rest/update.go (BeforeUpdate)
 */
export function keepSystemFields(metadata: MutableJson, old: KubernetesObject['metadata']): void {
  if (metadata.uid === undefined || metadata.uid === '') metadata.uid = old.uid;
  copyField(metadata, old, 'resourceVersion');
  copyField(metadata, old, 'generation');
  copyField(metadata, old, 'creationTimestamp');
  copyField(metadata, old, 'managedFields');
  copyField(metadata, old, 'deletionTimestamp');
  copyField(metadata, old, 'deletionGracePeriodSeconds');
  if (metadata.selfLink !== undefined) delete metadata.selfLink;
  dropEmpty(metadata);
}

function copyField(metadata: MutableJson, old: KubernetesObject['metadata'], name: keyof KubernetesObject['metadata']): void {
  const value = old[name];
  if (value !== undefined) metadata[name] = value;
  else if (metadata[name] !== undefined) delete metadata[name];
}

/** An empty map or list of metadata is the same as none, and is stored as none. */
function dropEmpty(metadata: MutableJson): void {
  for (const name of MAPS) if (isEmptyObject(metadata[name])) delete metadata[name];
  for (const name of LISTS) if (Array.isArray(metadata[name]) && metadata[name].length === 0) delete metadata[name];
  if (metadata.generateName === '') delete metadata.generateName;
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}
