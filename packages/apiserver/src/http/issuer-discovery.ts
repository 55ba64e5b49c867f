import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';

/** A document of an OpenID issuer. */
export interface IssuerDocument {
  readonly body: object;
  readonly contentType: string;
}

const CONFIGURATION = '/.well-known/openid-configuration';
const KEYS = '/openid/v1/jwks';

/**
 * The documents by which others check ServiceAccount tokens: who the issuer is, and its public keys.
 *
 * @param origin where the server is reached: `https://host:port`
 * @returns undefined for another path
 * @see kubernetes v1.36 pkg/serviceaccount/openidmetadata.go
 */
export async function issuerDocument(tokens: ServiceAccountTokens, path: string, origin: string): Promise<IssuerDocument | undefined> {
  if (path === KEYS) return { body: await tokens.keys(), contentType: 'application/jwk-set+json' };
  if (path !== CONFIGURATION) return undefined;
  const body = {
    issuer: tokens.issuer,
    jwks_uri: `${origin}${KEYS}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
  return { body, contentType: 'application/json' };
}
