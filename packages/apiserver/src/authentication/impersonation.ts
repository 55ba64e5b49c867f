import { ApiError } from '@kybern/core';
import type { AuthorizationAttributes, Authorizer } from '../authorization.ts';
import { internalError } from '../errors.ts';
import type { UserInfo } from '../request.ts';
import { ANONYMOUS, asAuthenticated } from './authenticator.ts';
import { parseServiceAccountName, serviceAccountGroups } from './service-account-name.ts';

/** Headers by their names in lower case, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const USER = 'impersonate-user';
const GROUP = 'impersonate-group';
const UID = 'impersonate-uid';
const EXTRA = 'impersonate-extra-';

/** Somebody to act as. */
interface Impersonation {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid: string | undefined;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Whether a request has headers that say that it acts as somebody else. */
export function impersonates(headers: Headers): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

/**
 * The user that a request acts as: `user`, unless it has `Impersonate-…` headers and `user` may do what they say.
 *
 * @throws {ApiError} `Forbidden`; `InternalError` for headers without a user, as Kubernetes has it
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation
 */
export async function impersonate(authorizer: Authorizer, user: UserInfo, headers: Headers): Promise<UserInfo> {
  const wanted = readHeaders(headers);
  if (wanted === undefined) return user;
  for (const attributes of attempts(user, wanted)) await check(authorizer, attributes);
  return actAs(wanted);
}

function readHeaders(headers: Headers): Impersonation | undefined {
  const username = first(headers[USER]);
  const groups = all(headers[GROUP]);
  const uid = first(headers[UID]);
  const extra: Record<string, readonly string[]> = {};
  for (const name of Object.keys(headers)) {
    if (name.startsWith(EXTRA)) Object.defineProperty(extra, decode(name.slice(EXTRA.length)), { value: all(headers[name]), enumerable: true });
  }
  if (username !== undefined) return { username, groups, uid, extra };
  const asked = [...groups, ...(uid === undefined ? [] : [uid]), ...Object.keys(extra)];
  if (asked.length > 0) throw internalError(`requested [${asked.join(' ')}] without impersonating a user`);
  return undefined;
}

function first(value: string | readonly string[] | undefined): string | undefined {
  const one = typeof value === 'string' ? value : value?.[0];
  return one === '' ? undefined : one;
}

/** Node joins most repeated headers by a comma and a blank. */
function all(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return (typeof value === 'string' ? [value] : value).flatMap((each) => each.split(', ')).filter((each) => each !== '');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not percent-encoded: Kubernetes takes it as it is
  }
}

const AUTHENTICATION = 'authentication.k8s.io';

function attempts(user: UserInfo, { username, groups, uid, extra }: Impersonation): AuthorizationAttributes[] {
  const base = { user, verb: 'impersonate', version: 'v1', path: undefined, namespace: undefined, subresource: undefined };
  const account = parseServiceAccountName(username);
  return [
    account === undefined
      ? { ...base, group: '', resource: 'users', name: username }
      : { ...base, group: '', resource: 'serviceaccounts', namespace: account.namespace, name: account.name },
    ...groups.map((name) => ({ ...base, group: '', resource: 'groups', name })),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((name) => ({ ...base, group: AUTHENTICATION, resource: 'userextras', subresource: key, name })),
    ),
    ...(uid === undefined ? [] : [{ ...base, group: AUTHENTICATION, resource: 'uids', name: uid }]),
  ];
}

async function check(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<void> {
  const { decision, reason = '' } = await authorizer.authorize(attributes);
  if (decision === 'Allow') return;
  const { user, group, resource, subresource, namespace, name } = attributes;
  const title = `${resource}${group === '' ? '' : `.${group}`}`;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `User ${JSON.stringify(user.username)} cannot impersonate resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
  throw new ApiError('Forbidden', `${title} ${JSON.stringify(name)} is forbidden: ${why}${reason === '' ? '' : `: ${reason}`}`, {
    details: { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  });
}

function actAs({ username, groups, uid, extra }: Impersonation): UserInfo {
  const account = parseServiceAccountName(username);
  const own = groups.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : groups;
  const user = { username, groups: own, ...(uid === undefined ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
  if (username !== ANONYMOUS.username) return asAuthenticated(user);
  return own.includes('system:unauthenticated') ? user : { ...user, groups: [...own, 'system:unauthenticated'] };
}
