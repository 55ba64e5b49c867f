import type { Clock } from '@kybern/core';
import type { Secret } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import type { Authentication, Authenticator } from './authenticator.ts';

/** A bootstrap token: a public id, a dot, and what is secret of it. @see kubernetes v1.36 staging/src/k8s.io/cluster-bootstrap/token/api/types.go */
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const TYPE = 'bootstrap.kubernetes.io/token';
const GROUP = 'system:bootstrappers';
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Recognises those who want to become nodes, by the tokens that Secrets `kube-system/bootstrap-token-ID` hold: as the user `system:bootstrap:ID`, of the group
 * `system:bootstrappers` and those that the Secret names. Tokens that have expired, are being deleted, or are not for authentication are unknown.
 *
 * @see kubernetes v1.36 plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go
 */
export function bootstrapTokenAuthenticator({ state, clock }: { readonly state: Pick<StateStore, 'get'>; readonly clock: Clock }): Authenticator {
  const find = async (id: string, secret: string): Promise<Authentication | undefined> => {
    const found = (await state.get(`/registry/core/secrets/kube-system/bootstrap-token-${id}`))?.value as Secret | undefined;
    return found === undefined ? undefined : authenticationOf(found, { id, secret, nowMs: clock.now() });
  };
  return {
    authenticate({ token }) {
      const [, id, secret] = TOKEN.exec(token ?? '') ?? [];
      return id === undefined || secret === undefined ? undefined : find(id, secret);
    },
  };
}

interface Shown {
  readonly id: string;
  readonly secret: string;
  readonly nowMs: number;
}

/** Whom a token proves; undefined when the Secret is none for it. */
export function authenticationOf(object: Secret, { id, secret, nowMs }: Shown): Authentication | undefined {
  if (object.type !== TYPE || object.metadata.deletionTimestamp !== undefined) return undefined;
  const read = (key: string): string => decode(object.data?.[key]);
  if (read('token-id') !== id || !isSame(read('token-secret'), secret)) return undefined;
  const expires = read('expiration');
  // A time that cannot be read is one that has passed.
  if (expires !== '' && !(Date.parse(expires) > nowMs)) return undefined;
  if (read('usage-bootstrap-authentication') !== 'true') return undefined;
  const named = read('auth-extra-groups')
    .split(',')
    .filter((group) => group !== '');
  if (named.some((group) => !EXTRA_GROUP.test(group))) return undefined;
  return { user: { username: `system:bootstrap:${id}`, groups: [GROUP, ...named] } };
}

function decode(base64: string | undefined): string {
  return base64 === undefined ? '' : Buffer.from(base64, 'base64').toString('utf8');
}

/** Takes as long for any two texts. */
function isSame(a: string, b: string): boolean {
  // Asked for here, and not imported: this package is on the way of test clusters, which run in browsers too.
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
