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
  const { kind } = request;
  const attributes = attributesOf(request);
  const decision = authorizer.authorize(attributes);
  if (decision instanceof Promise) return decision.then((late) => assertAllowed(late, kind, attributes));
  assertAllowed(decision, kind, attributes);
}

/** @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go (NewRequestInfo) */
function attributesOf({ user, verb, kind, namespace, name, subresource, options }: ApiRequest): AuthorizationAttributes {
  const { group, version, plural: resource } = kind;
  const one = authorizedName(verb, { name, subresource, fieldSelector: options?.fieldSelector });
  // A namespace counts as being in itself, so that a role there is enough to read it.
  const where = resource === 'namespaces' && group === '' && name !== undefined && verb !== 'create' ? name : namespace;
  return { user, verb, group, version, resource, subresource, namespace: where, name: one, path: undefined };
}

type Naming = Pick<ApiRequest, 'name' | 'subresource'> & { readonly fieldSelector: string | undefined };

/** A new object has no name yet, as far as `resourceNames` of roles go; a list of one name is about it. */
function authorizedName(verb: string, { name, subresource, fieldSelector }: Naming): string | undefined {
  if (verb === 'create') return subresource === undefined ? undefined : name;
  if (name !== undefined || fieldSelector === undefined) return name;
  return /(?:^|,)metadata\.name==?([^,!=]+)(?:,|$)/.exec(fieldSelector)?.[1];
}

/**
 * Asks about a request that is not about a resource. @throws {ApiError} `Forbidden`
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go (Forbidden)
 */
export async function checkPathAccess(
  authorizer: Authorizer,
  request: { readonly user: UserInfo; readonly verb: string; readonly path: string },
): Promise<void> {
  const { user, verb, path } = request;
  const nothing = { group: '', version: '', resource: '', subresource: undefined, namespace: undefined, name: undefined };
  const { decision, reason = '' } = await authorizer.authorize({ user, verb, path, ...nothing });
  if (decision === 'Allow') return;
  const why = `User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(path)}${reason === '' ? '' : `: ${reason}`}`;
  throw new ApiError('Forbidden', `forbidden: ${why}`, { details: {} });
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
