import { conflict, deepFreeze, formatTime, type FieldError, type Kind, type KubernetesObject, type MutableJson } from '@kybern/core';
import { Node, Pod, Secret } from '@kybern/core/kinds';
import type { BoundObjectReference } from '@kybern/core/kinds/authentication-v1';
import type { ClaimsInput } from '../authentication/token-claims.ts';
import type { Environment } from '../environment.ts';
import { badRequest, methodNotAllowed, objectNotFound } from '../errors.ts';
import { assertValid } from '../prepare.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse } from '../request.ts';
import { objectKey, type Resource } from '../resource.ts';
import { invalidValue } from '../validation/field-errors.ts';

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

/** The part of a TokenRequest that is asked for. */
interface TokenSpec {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly boundObjectRef?: BoundObjectReference | undefined;
}

/** Serves `serviceaccounts/token`. @see kubernetes v1.36 pkg/registry/core/serviceaccount/storage/token.go */
export async function serveToken(env: Environment, resource: Resource, request: ApiRequest): Promise<ApiResponse> {
  if (request.verb !== 'create') throw methodNotAllowed(request.verb);
  const { name = '', namespace = 'default' } = request;
  const account = (await env.state.get(objectKey(resource, namespace, name)))?.value;
  if (account === undefined) throw objectNotFound(resource.kind, name);
  const spec = readSpec(env, request);
  const nowMs = env.clock.now();
  const bound = spec.boundObjectRef === undefined ? {} : await findBound(env, spec.boundObjectRef, { name, namespace });
  const { audiences, expirationSeconds } = spec;
  const token = request.options?.dryRun === true ? '' : await env.tokens.issue({ account, audiences, expirationSeconds, bound, nowMs });
  const answer = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: formatTime(nowMs) },
    spec,
    status: { token, expirationTimestamp: formatTime((Math.floor(nowMs / 1000) + expirationSeconds) * 1000) },
  };
  return { type: 'object', code: 201, object: deepFreeze(answer as unknown as KubernetesObject), warnings: NO_WARNINGS, deleted: false };
}

/** @throws {ApiError} `Invalid`, with a cause per field; `BadRequest` for what is not a TokenRequest at all */
function readSpec(env: Environment, { body, kind, name = '' }: ApiRequest): TokenSpec {
  const { metadata, spec = {} } = (body ?? {}) as MutableJson;
  if (typeof spec !== 'object' || spec === null) throw badRequest('spec of a TokenRequest is not an object');
  if (metadata?.name !== undefined && metadata.name !== '' && metadata.name !== name)
    throw badRequest('name in URL does not match name in TokenRequest object');
  const errors: FieldError[] = [];
  const { audiences, boundObjectRef } = spec as MutableJson;
  // Older versions of kubectl send null for what is not set.
  const expirationSeconds: unknown = (spec as MutableJson).expirationSeconds ?? DEFAULT_SECONDS;
  if (typeof expirationSeconds !== 'number' || !Number.isSafeInteger(expirationSeconds))
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, 'must be an integer'));
  else if (expirationSeconds < MIN_SECONDS)
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 10 minutes'));
  else if (expirationSeconds > MAX_SECONDS)
    errors.push(invalidValue('spec.expirationSeconds', expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  if (audiences !== undefined && audiences !== null && !(Array.isArray(audiences) && audiences.every((each) => typeof each === 'string')))
    errors.push(invalidValue('spec.audiences', audiences, 'must be a list of texts'));
  assertValid({ kind: { ...kind, group: 'authentication.k8s.io', kind: 'TokenRequest' } }, name, errors);
  return {
    audiences: Array.isArray(audiences) && audiences.length > 0 ? (audiences as string[]) : env.tokens.audiences,
    boundObjectRef: (boundObjectRef ?? undefined) as BoundObjectReference | undefined,
    expirationSeconds: expirationSeconds as number,
  };
}

type Bound = ClaimsInput['bound'];

/** The object that a token is bound to, as it is now. @throws {ApiError} `NotFound`, `BadRequest`, `Conflict` for another object of that name */
async function findBound(env: Environment, ref: BoundObjectReference, account: { name: string; namespace: string }): Promise<Bound> {
  const { kind, apiVersion = 'v1', name = '', uid } = ref;
  const found = apiVersion === 'v1' ? KINDS[kind ?? ''] : undefined;
  if (found === undefined) throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind ?? ''}`);
  const object = await env.lookup(found.kind, found.kind.scope === 'Cluster' ? undefined : account.namespace, name);
  if (object === undefined) throw objectNotFound(found.kind, name);
  if (uid !== undefined && uid !== '' && uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ ...found.kind, plural: found.kind.kind }, name, why);
  }
  return found.role === 'pod' ? boundToPod(env, object as Pod, account.name) : { [found.role]: object };
}

const KINDS: Readonly<Record<string, { readonly kind: Kind; readonly role: 'pod' | 'node' | 'secret' }>> = {
  Pod: { kind: Pod as Kind, role: 'pod' },
  Node: { kind: Node as Kind, role: 'node' },
  Secret: { kind: Secret as Kind, role: 'secret' },
};

/** A Pod's token names the node as well, as far as there is one. */
async function boundToPod(env: Environment, pod: Pod, accountName: string): Promise<Bound> {
  if (pod.spec.serviceAccountName !== accountName)
    throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(accountName)} to pod running with different serviceaccount name.`);
  const nodeName = pod.spec.nodeName ?? '';
  const node = nodeName === '' ? undefined : await env.lookup(Node as Kind, undefined, nodeName);
  return { pod, ...(node === undefined ? {} : { node }) };
}
