import { ApiError, type Kind } from '@kybern/core';
import type { ApiRequest, UserInfo } from './request.ts';

/** What a request wants to do, for {@link Authorizer}. */
export interface AuthorizationAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  /** API group; `""` is the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural. */
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** Of a request that is not about a resource, such as `/metrics`; the fields about resources are then empty. */
  readonly path: string | undefined;
}

/** `Allow` and `Deny` are final; `NoOpinion` leaves it to the next authorizer, and is a refusal after the last. */
export interface AuthorizationDecision {
  readonly decision: 'Allow' | 'Deny' | 'NoOpinion';
  readonly reason?: string;
}

/** Decides who may do what. Answers at once where it can: a promise costs every request. */
export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision | Promise<AuthorizationDecision>;
}

const ALLOW: AuthorizationDecision = Object.freeze({ decision: 'Allow' });
const NO_OPINION: AuthorizationDecision = Object.freeze({ decision: 'NoOpinion' });

/**
 * Allows everything to members of `system:masters`, and has no opinion on others.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/authorization/authorizerfactory/builtin.go (NewPrivilegedGroups)
 */
export function privilegedGroupAuthorizer(): Authorizer {
  return { authorize: ({ user }) => (user.groups?.includes('system:masters') === true ? ALLOW : NO_OPINION) };
}

/** Asks `authorizer` for one request. @returns a promise only when the authorizer does. @throws {ApiError} `Forbidden` */
export function checkAccess(authorizer: Authorizer, request: ApiRequest): void | Promise<void> {
  const { user, verb, kind, namespace, name, subresource } = request;
  const attributes: AuthorizationAttributes = {
    user,
    verb,
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource,
    namespace,
    name,
    path: undefined,
  };
  const decision = authorizer.authorize(attributes);
  if (decision instanceof Promise) return decision.then((late) => assertAllowed(late, kind, attributes));
  assertAllowed(decision, kind, attributes);
}

function assertAllowed({ decision, reason }: AuthorizationDecision, kind: Kind, attributes: AuthorizationAttributes): void {
  if (decision === 'Allow') return;
  throw forbidden({ kind, name: attributes.name }, `${describeAttempt(attributes)}${reason === undefined || reason === '' ? '' : `: ${reason}`}`);
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go (ForbiddenStatusError) */
function describeAttempt({ user, verb, group, resource, namespace, subresource }: AuthorizationAttributes): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined ? ' at the cluster scope' : ` in the namespace "${namespace}"`;
  return `User "${user.username}" cannot ${verb} resource "${what}" in API group "${group}"${where}`;
}

/** 403 in Kubernetes' words: `pods "web" is forbidden: <why>`. */
export function forbidden(about: { readonly kind: Kind; readonly name?: string | undefined }, why: string): ApiError {
  const { kind } = about;
  const name = about.name ?? '';
  const title = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
  const subject = name === '' ? title : `${title} "${name}"`;
  return new ApiError('Forbidden', `${subject} is forbidden: ${why}`, {
    details: { ...(name === '' ? {} : { name }), ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural },
  });
}
