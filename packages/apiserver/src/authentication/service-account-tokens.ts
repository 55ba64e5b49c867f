import { ApiError, type Kind, type KubernetesObject } from '@kybern/core';
import { Node, Pod, Secret, ServiceAccount } from '@kybern/core/kinds';
import type { JWK } from 'jose';
import type { Environment } from '../environment.ts';
import { quoteList } from '../rbac/escalation.ts';
import type { Authentication, AuthenticationOptions, Authenticator } from './authenticator.ts';
import { ALGORITHM, loadSigningKey, type SigningKey } from './signing-key.ts';
import { checkClaims, tokenClaims, userOfClaims, type ClaimsInput, type ObjectClaim, type TokenClaims } from './token-claims.ts';

/** Issues ServiceAccount tokens and recognises them. */
export interface ServiceAccountTokens extends Authenticator {
  /** Who signs: `iss` of the tokens, and where their keys are found. */
  readonly issuer: string;
  /** Audiences of tokens that name none, and for requests to this server. */
  readonly audiences: readonly string[];
  issue(input: Pick<ClaimsInput, 'account' | 'audiences' | 'expirationSeconds' | 'bound' | 'nowMs'>): Promise<string>;
  /** The public keys, as a JSON Web Key Set. */
  keys(): Promise<{ readonly keys: readonly JWK[] }>;
}

/** Tokens whose signature was checked are remembered, up to this many: the check costs a tenth of a millisecond. */
const MAX_CHECKED = 4096;

/** Makes {@link ServiceAccountTokens}. The key and the library are loaded when they are first needed. */
export function createServiceAccountTokens(
  environment: () => Environment,
  options: { readonly issuer: string; readonly audiences: readonly string[]; readonly persistent: () => boolean },
): ServiceAccountTokens {
  const { issuer, audiences } = options;
  const checked = new Map<string, TokenClaims>();
  let loading: Promise<SigningKey> | undefined;
  const key = (): Promise<SigningKey> => (loading ??= environment().pending(loadSigningKey({ ...environment(), persistent: options.persistent() })));
  const verified = async (token: string): Promise<TokenClaims | undefined> => {
    const known = checked.get(token);
    if (known !== undefined) return known;
    if (!looksLikeToken(token, issuer)) return undefined;
    const claims = await environment().pending(verify(token, await key()));
    if (claims === undefined) return undefined;
    if (checked.size >= MAX_CHECKED) checked.delete(checked.keys().next().value as string);
    checked.set(token, claims);
    return claims;
  };
  return {
    issuer,
    audiences,
    async issue(input) {
      const env = environment();
      const { privateKey, id } = await key();
      const forServer = input.audiences.every((audience) => audiences.includes(audience));
      const claims = tokenClaims({ ...input, issuer, forServer, id: env.ids.uid() });
      const { SignJWT } = await import('jose');
      return env.pending(new SignJWT({ ...claims, aud: [...claims.aud] }).setProtectedHeader({ alg: ALGORITHM, kid: id }).sign(privateKey));
    },
    async authenticate({ token }, asked) {
      const claims = token === undefined ? undefined : await verified(token);
      return claims === undefined ? undefined : accept(environment(), claims, asked?.audiences ?? audiences);
    },
    keys: async () => ({ keys: [(await key()).jwk] }),
  };
}

/** Whether it is worth to check the signature: most tokens that are not ours say so. */
function looksLikeToken(token: string, issuer: string): boolean {
  const [, payload, signature, ...more] = token.split('.');
  if (payload === undefined || signature === undefined || more.length > 0) return false;
  try {
    return (JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { iss?: unknown }).iss === issuer;
  } catch {
    return false; // not JSON in base64: not a token of this kind
  }
}

/** @returns undefined when the signature is not ours */
async function verify(token: string, { publicKey }: SigningKey): Promise<TokenClaims | undefined> {
  const { compactVerify, errors } = await import('jose');
  try {
    const { payload } = await compactVerify(token, publicKey, { algorithms: [ALGORITHM] });
    return JSON.parse(new TextDecoder().decode(payload)) as TokenClaims;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

async function accept(env: Environment, claims: TokenClaims, wanted: Required<AuthenticationOptions>['audiences']): Promise<Authentication> {
  const audiences = claims.aud.filter((audience) => wanted.includes(audience));
  if (audiences.length === 0)
    throw new ApiError('Unauthorized', `token audiences ${quoteList(claims.aud)} is invalid for the target audiences ${quoteList(wanted)}`);
  const { namespace, serviceaccount, pod, node, secret } = claims['kubernetes.io'];
  const find = async (kind: unknown, claim: ObjectClaim | undefined): Promise<KubernetesObject | undefined> =>
    claim === undefined ? undefined : env.lookup(kind as Kind, kind === Node ? undefined : namespace, claim.name);
  const [account, podNow, nodeNow, secretNow] = await Promise.all([
    find(ServiceAccount, serviceaccount),
    find(Pod, pod),
    find(Node, node),
    find(Secret, secret),
  ]);
  checkClaims(claims, { account, pod: podNow, node: nodeNow, secret: secretNow }, env.clock.now());
  return { user: userOfClaims(claims), audiences };
}
