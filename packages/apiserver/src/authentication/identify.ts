import { ApiError, isApiError } from '@kybern/core';
import type { Authorizer } from '../authorization.ts';
import type { UserInfo } from '../request.ts';
import { ANONYMOUS, type Authentication, type Authenticator, type CertificateSubject } from './authenticator.ts';
import { impersonate, impersonates, type Headers } from './impersonation.ts';

/** A request at a door. */
export interface Incoming {
  readonly headers: Headers;
  /** Of the client's certificate, when our authority signed it. */
  readonly certificate: CertificateSubject | undefined;
  /** The path of the URL. */
  readonly path: string;
}

/** Paths that tell whether the server is well: for everybody. */
const HEALTH = /^\/(?:healthz|livez|readyz)(?:\/|$)/;

/** Whether a path is open to everybody, known or not. */
export function isHealthPath(path: string): boolean {
  return HEALTH.test(path);
}

/**
 * Who asks, for a door: by the token or the certificate, and as whom they act. A promise only when the authenticator or the authorizer takes time.
 *
 * @throws {ApiError} `Unauthorized` when nobody knows who asks and the path is not one for everybody; `Forbidden` when they may not act as somebody else
 */
export function identify(parts: { readonly authenticator: Authenticator; readonly authorizer: Authorizer }, incoming: Incoming): UserInfo | Promise<UserInfo> {
  const { headers, certificate, path } = incoming;
  const actingAs = (found: Authentication | undefined): UserInfo | Promise<UserInfo> => {
    if (found === undefined && !isHealthPath(path)) throw new ApiError('Unauthorized', 'Unauthorized');
    const user = found?.user ?? ANONYMOUS;
    return impersonates(headers) ? impersonate(parts.authorizer, user, headers) : user;
  };
  try {
    const found = parts.authenticator.authenticate({ token: bearerToken(headers.authorization), certificate });
    return found instanceof Promise ? found.then(actingAs, withoutDetails) : actingAs(found);
  } catch (error) {
    return withoutDetails(error);
  }
}

/** What was wrong with the credentials is not for those who bring them. */
function withoutDetails(error: unknown): never {
  if (isApiError(error) && error.reason === 'Unauthorized') throw new ApiError('Unauthorized', 'Unauthorized', { cause: error });
  throw error;
}

function bearerToken(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const match = typeof header === 'string' ? /^bearer +(\S+)\s*$/i.exec(header.trim()) : null;
  return match?.[1];
}
