import { ApiError, isApiError } from '@kybern/core';
import type { UserInfo } from '../request.ts';

/** What a client certificate that our authority signed says about its owner. */
export interface CertificateSubject {
  /** The user's name. */
  readonly commonName: string;
  /** The user's groups. */
  readonly organizations: readonly string[];
  /** SHA-256 of the certificate in hexadecimal digits, with or without colons. */
  readonly fingerprint?: string | undefined;
}

/** What a request brings along to prove who asks. */
export interface Credentials {
  /** Of the header `Authorization: Bearer`. */
  readonly token?: string | undefined;
  readonly certificate?: CertificateSubject | undefined;
}

/** Somebody who was recognised. */
export interface Authentication {
  readonly user: UserInfo;
  /** Those of the audiences asked for that the token is meant for; undefined: it is not bound to audiences. */
  readonly audiences?: readonly string[];
}

/** What the token must be good for. */
export interface AuthenticationOptions {
  /** A token must be meant for one of them. Default: the server's own. */
  readonly audiences?: readonly string[];
}

/**
 * Tells who asks. Answers at once where it can: a promise costs every request.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/authentication/authenticator/interfaces.go
 */
export interface Authenticator {
  /**
   * @returns undefined when it does not know such credentials: the next one is asked
   * @throws {ApiError} `Unauthorized` when it knows them and they are no good; another authenticator may still know better
   */
  authenticate(credentials: Credentials, options?: AuthenticationOptions): Authentication | undefined | Promise<Authentication | undefined>;
}

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';

/** Nobody in particular. */
export const ANONYMOUS: UserInfo = Object.freeze({ username: 'system:anonymous', groups: Object.freeze([UNAUTHENTICATED]) });

/**
 * Asks several authenticators, in their order, until one knows the credentials; whom they recognise is a member of `system:authenticated`.
 *
 * @returns an authenticator that throws when there is a token and nobody knows it
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/authentication/request/union, …/authentication/group/authenticated_group_adder.go
 */
export function chainAuthenticators(authenticators: readonly Authenticator[]): Authenticator {
  const completed = new WeakMap<Authentication, Authentication>();
  /** The same for the same, so that what is known of a user can be kept beside it. */
  const complete = (found: Authentication): Authentication => {
    let whole = completed.get(found);
    if (whole === undefined) completed.set(found, (whole = { ...found, user: asAuthenticated(found.user) }));
    return whole;
  };
  return {
    authenticate(credentials, options) {
      const problems: string[] = [];
      const note = (error: unknown): void => {
        if (!isApiError(error) || error.reason !== 'Unauthorized') throw error;
        problems.push(error.message);
      };
      const askFrom = (first: number): Authentication | undefined | Promise<Authentication | undefined> => {
        for (let i = first; i < authenticators.length; i++) {
          try {
            const found = (authenticators[i] as Authenticator).authenticate(credentials, options);
            if (found instanceof Promise)
              return found.then(
                (late) => (late === undefined ? askFrom(i + 1) : complete(late)),
                (error: unknown) => (note(error), askFrom(i + 1)),
              );
            if (found !== undefined) return complete(found);
          } catch (error) {
            note(error);
          }
        }
        const all = credentials.token === undefined ? problems : ['invalid bearer token', ...problems];
        if (all.length === 0) return undefined;
        throw new ApiError('Unauthorized', all.length === 1 ? (all[0] as string) : `[${all.join(', ')}]`);
      };
      return askFrom(0);
    },
  };
}

/** The user as a member of `system:authenticated`. */
export function asAuthenticated(user: UserInfo): UserInfo {
  const groups = user.groups ?? [];
  if (user.username === ANONYMOUS.username || groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED)) return user;
  return { ...user, groups: [...groups, AUTHENTICATED] };
}

/**
 * Recognises the owners of client certificates.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/authentication/request/x509/x509.go (CommonNameUserConversion)
 */
export function certificateAuthenticator(): Authenticator {
  const known = new WeakMap<CertificateSubject, Authentication>();
  return {
    authenticate({ certificate }) {
      if (certificate === undefined || certificate.commonName === '') return undefined;
      let found = known.get(certificate);
      if (found === undefined) known.set(certificate, (found = ownerOf(certificate)));
      return found;
    },
  };
}

function ownerOf({ commonName, organizations, fingerprint }: CertificateSubject): Authentication {
  const id = fingerprint === undefined ? {} : { extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint.replaceAll(':', '').toLowerCase()}`] } };
  return { user: { username: commonName, groups: organizations, ...id } };
}

/** The key under which a user's extra fields name the credential that was shown. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
