import { ApiError, parseTime, type KubernetesObject } from '@kybern/core';
import type { UserInfo } from '../request.ts';
import { CREDENTIAL_ID } from './authenticator.ts';
import { serviceAccountGroups, serviceAccountUsername } from './service-account-name.ts';

/** An object that a token names: it must still be the same one. */
export interface ObjectClaim {
  readonly name: string;
  readonly uid: string;
}

/** What a ServiceAccount token says. Times are seconds since the Unix epoch. */
export interface TokenClaims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly iss: string;
  readonly jti: string;
  readonly sub: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: ObjectClaim;
    readonly pod?: ObjectClaim;
    readonly node?: ObjectClaim;
    readonly secret?: ObjectClaim;
    /** From this second on the token should have been renewed, although it is still good. */
    readonly warnafter?: number;
  };
}

/** Tokens that Pods hold for ever, asked for with this life, live for a year and warn: old clients do not renew them. */
const RENEWING_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 86_400;

/** What goes into a token. */
export interface ClaimsInput {
  readonly account: KubernetesObject;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound: { readonly pod?: KubernetesObject; readonly node?: KubernetesObject; readonly secret?: KubernetesObject };
  /** Whether the audiences are the server's own. */
  readonly forServer: boolean;
  readonly issuer: string;
  readonly id: string;
  readonly nowMs: number;
}

/**
 * The claims of a new token. Pure.
 *
 * @see kubernetes v1.36 pkg/serviceaccount/claims.go (Claims)
 */
export function tokenClaims(input: ClaimsInput): TokenClaims {
  const { account, bound, expirationSeconds } = input;
  const { namespace = 'default', name } = account.metadata;
  const now = Math.floor(input.nowMs / 1000);
  const extended = expirationSeconds === RENEWING_SECONDS && bound.pod !== undefined && input.forServer;
  return {
    aud: input.audiences,
    exp: now + (extended ? EXTENDED_SECONDS : expirationSeconds),
    iat: now,
    iss: input.issuer,
    jti: input.id,
    'kubernetes.io': {
      namespace,
      ...(bound.node === undefined ? {} : { node: claimOf(bound.node) }),
      ...(bound.pod === undefined ? {} : { pod: claimOf(bound.pod) }),
      ...(bound.secret === undefined ? {} : { secret: claimOf(bound.secret) }),
      serviceaccount: claimOf(account),
      ...(extended ? { warnafter: now + expirationSeconds } : {}),
    },
    nbf: now,
    sub: serviceAccountUsername({ namespace, name }),
  };
}

function claimOf({ metadata: { name, uid = '' } }: KubernetesObject): ObjectClaim {
  return { name, uid };
}

/** The objects that a token names, as they are now; undefined when they are not there. */
export interface NamedObjects {
  readonly account: KubernetesObject | undefined;
  readonly pod: KubernetesObject | undefined;
  readonly node: KubernetesObject | undefined;
  readonly secret: KubernetesObject | undefined;
}

/** Seconds for which an object that is being deleted still counts: its Pods have to end their work. */
const DELETION_LEEWAY_MS = 60_000;

/**
 * Whether a token whose signature is right still holds. Pure.
 *
 * @throws {ApiError} `Unauthorized`
 * @see kubernetes v1.36 pkg/serviceaccount/claims.go (Validate)
 */
export function checkClaims(claims: TokenClaims, objects: NamedObjects, nowMs: number): void {
  const now = nowMs / 1000;
  if (now >= claims.exp) throw refused('service account token has expired');
  if (now < claims.nbf) throw refused('service account token is not valid yet');
  const { serviceaccount, pod, node, secret, namespace } = claims['kubernetes.io'];
  const { account } = objects;
  if (account === undefined) throw refused(`serviceaccounts ${JSON.stringify(serviceaccount.name)} not found`);
  if (isGone(account, nowMs)) throw refused(`service account ${namespace}/${serviceaccount.name} has been deleted`);
  if (account.metadata.uid !== serviceaccount.uid)
    throw refused(`service account UID (${account.metadata.uid ?? ''}) does not match claim (${serviceaccount.uid})`);
  checkBound('pod', pod, objects.pod, nowMs);
  checkBound('secret', secret, objects.secret, nowMs);
  // The node of a Pod's token is information; only a token that is bound to the node itself ends with it.
  if (pod === undefined) checkBound('node', node, objects.node, nowMs);
}

function checkBound(kind: string, claim: ObjectClaim | undefined, object: KubernetesObject | undefined, nowMs: number): void {
  if (claim === undefined) return;
  if (object === undefined || isGone(object, nowMs)) throw refused('service account token has been invalidated');
  if (object.metadata.uid !== claim.uid)
    throw refused(`${kind} UID (${object.metadata.uid ?? ''}) does not match service account ${kind} ref claim (${claim.uid})`);
}

function isGone({ metadata: { deletionTimestamp } }: KubernetesObject, nowMs: number): boolean {
  return deletionTimestamp !== undefined && parseTime(deletionTimestamp) + DELETION_LEEWAY_MS < nowMs;
}

function refused(why: string): ApiError {
  return new ApiError('Unauthorized', why);
}

/** The ServiceAccount as a user. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go (ServiceAccountInfo) */
export function userOfClaims(claims: TokenClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
  const extra: Record<string, readonly string[]> = { [CREDENTIAL_ID]: [`JTI=${claims.jti}`] };
  if (node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  if (pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  return {
    username: serviceAccountUsername({ namespace, name: serviceaccount.name }),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    extra,
  };
}
