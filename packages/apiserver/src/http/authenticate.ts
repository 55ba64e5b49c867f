import type { TLSSocket } from 'node:tls';
import type { UserInfo } from '../request.ts';
import type { WireRequest } from './request-body.ts';

/** Who shows nothing. */
export const ANONYMOUS: UserInfo = Object.freeze({ username: 'system:anonymous', groups: Object.freeze(['system:unauthenticated']) });

/** The user that a client certificate of our authority names; otherwise nobody. */
export function authenticate(request: WireRequest): UserInfo {
  const socket = request.socket as TLSSocket; // of HTTP/2 a proxy of the session's socket, with the same properties
  if (!socket.authorized) return ANONYMOUS;
  const { subject } = socket.getPeerCertificate();
  const groups = subject?.O as string | readonly string[] | undefined;
  const common = subject?.CN as string | readonly string[] | undefined;
  const username = typeof common === 'string' ? common : common?.[0];
  if (username === undefined) return ANONYMOUS;
  return { username, groups: [...(typeof groups === 'string' ? [groups] : (groups ?? [])), 'system:authenticated'] };
}
