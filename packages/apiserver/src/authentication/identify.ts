import { ApiError, isApiError } from '@kybern/core';
import type { Authorizer } from '../authorization.ts';
import type { UserInfo } from '../request.ts';
import { ANONYMOUS, type Authenticator, type CertificateSubject } from './authenticator.ts';
import { impersonate, type Headers } from './impersonation.ts';

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
 * Who asks, for a door: by the token or the certificate, and as whom they act.
 *
 * @throws {ApiError} `Unauthorized` when nobody knows who asks and the path is not one for everybody; `Forbidden` when they may not act as somebody else
 */
export async function identify(parts: { readonly authenticator: Authenticator; readonly authorizer: Authorizer }, incoming: Incoming): Promise<UserInfo> {
  const { headers, certificate, path } = incoming;
  const found = await authenticate(parts.authenticator, { token: bearerToken(headers.authorization), certificate });
  if (found === undefined && !isHealthPath(path)) throw new ApiError('Unauthorized', 'Unauthorized');
  return impersonate(parts.authorizer, found ?? ANONYMOUS, headers);
}

/** What was wrong with the credentials is not for those who bring them. */
async function authenticate(authenticator: Authenticator, credentials: Parameters<Authenticator['authenticate']>[0]): Promise<UserInfo | undefined> {
  try {
    return (await authenticator.authenticate(credentials))?.user;
  } catch (error) {
    if (isApiError(error) && error.reason === 'Unauthorized') throw new ApiError('Unauthorized', 'Unauthorized', { cause: error });
    throw error;
  }
}

function bearerToken(header: string | readonly string[] | undefined): string | undefined {
  const match = typeof header === 'string' ? /^bearer +(\S+)\s*$/i.exec(header.trim()) : null;
  return match?.[1];
}
