import { formatTime, type KubernetesObject, type MutableJson } from '@kybern/core';
import type { Environment } from './environment.ts';
import { badRequest } from './errors.ts';
import type { ApiRequest } from './request.ts';
import type { Resource } from './resource.ts';

/** Names made from `generateName` are at most 63 characters, five of them random. */
const SUFFIX_LENGTH = 5;
const MAX_GENERATE_NAME = 63 - SUFFIX_LENGTH;

/**
 * Checks that a body is an object of the request's kind, name and namespace, and writes the namespace into it.
 *
 * @throws {ApiError} `BadRequest`
 */
export function checkIdentity(object: MutableJson, resource: Resource, request: ApiRequest): void {
  const { kind, apiVersion } = resource;
  object.apiVersion ??= apiVersion;
  object.kind ??= kind.kind;
  if (object.apiVersion !== apiVersion || object.kind !== kind.kind) {
    throw badRequest(`the object provided is unrecognized: ${String(object.kind)} in version "${String(object.apiVersion)}" cannot be handled as a ${kind.kind} in version "${apiVersion}"`);
  }
  object.metadata ??= {};
  if (typeof object.metadata !== 'object' || Array.isArray(object.metadata)) throw badRequest('metadata of the provided object is not an object');
  checkNamespace(object.metadata, resource, request);
}

function checkNamespace(metadata: MutableJson, resource: Resource, request: ApiRequest): void {
  if (!resource.namespaced) {
    delete metadata.namespace;
    return;
  }
  const namespace = request.namespace ?? 'default';
  const given: unknown = metadata.namespace;
  if (given !== undefined && given !== '' && given !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  metadata.namespace = namespace;
}

/**
 * Gives a new object what the system decides: uid, time, generation; takes away what only the system may set.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go (FillObjectMetaSystemFields)
 */
export function fillSystemFields(metadata: MutableJson, env: Environment, nowMs: number): void {
  metadata.uid = env.ids.uid();
  metadata.creationTimestamp = formatTime(nowMs);
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  delete metadata.managedFields;
  delete metadata.generation;
  dropEmpty(metadata);
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
  metadata.uid ??= old.uid;
  copyField(metadata, old, 'resourceVersion');
  copyField(metadata, old, 'generation');
  copyField(metadata, old, 'creationTimestamp');
  copyField(metadata, old, 'managedFields');
  copyField(metadata, old, 'deletionTimestamp');
  copyField(metadata, old, 'deletionGracePeriodSeconds');
  delete metadata.selfLink;
  dropEmpty(metadata);
}

function copyField(metadata: MutableJson, old: KubernetesObject['metadata'], name: keyof KubernetesObject['metadata']): void {
  const value = old[name];
  if (value === undefined) delete metadata[name];
  else metadata[name] = value;
}

/** An empty map or list of metadata is the same as none, and is stored as none. */
function dropEmpty(metadata: MutableJson): void {
  for (const name of ['labels', 'annotations'] as const) if (isEmptyObject(metadata[name])) delete metadata[name];
  for (const name of ['finalizers', 'ownerReferences'] as const) if (Array.isArray(metadata[name]) && metadata[name].length === 0) delete metadata[name];
  if (metadata.generateName === '') delete metadata.generateName;
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}
