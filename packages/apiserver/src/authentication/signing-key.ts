import { cloneJson, formatTime, type Clock, type IdSource, type KubernetesObject } from '@kybern/core';
import type { Secret } from '@kybern/core/kinds';
import { isCompareFailed, type StateStore } from '@kybern/state';
import type { CryptoKey, JWK } from 'jose';

/** The key that signs ServiceAccount tokens. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** Names the key in tokens: the SHA-256 of the public key. */
  readonly id: string;
  /** The public key as it is published. */
  readonly jwk: JWK;
}

/** How signing keys are kept. */
export interface KeyStore {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Whether the key outlives the server, as a Secret, and is that of all servers over the store; otherwise it lives in memory. */
  readonly persistent: boolean;
}

/** The algorithm of the keys and of the tokens. */
export const ALGORITHM = 'ES256';
const NAMESPACE = 'kube-system';
const NAME = 'service-account-signing-key';
const KEY = `/registry/core/secrets/${NAMESPACE}/${NAME}`;

/** Reads the key from the store, or makes one. Of several servers that make one at the same time all use the one that came first. */
export async function loadSigningKey(store: KeyStore): Promise<SigningKey> {
  const jose = await import('jose');
  const stored = store.persistent ? pemOf((await store.state.get(KEY))?.value) : undefined;
  if (stored !== undefined) return importKey(stored);
  const { privateKey } = await jose.generateKeyPair(ALGORITHM, { extractable: true });
  const pem = await jose.exportPKCS8(privateKey);
  return importKey(store.persistent ? await keep(store, pem) : pem);
}

async function keep({ state, clock, ids }: KeyStore, pem: string): Promise<string> {
  const metadata = { name: NAME, namespace: NAMESPACE, uid: ids.uid(), creationTimestamp: formatTime(clock.now()) };
  const value = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kybern.dev/service-account-signing-key', data: { 'sa.key': btoa(pem) } };
  try {
    await state.commit([{ key: KEY, value: value as KubernetesObject, expect: 0 }]);
    return pem;
  } catch (error) {
    const first = isCompareFailed(error) ? pemOf(error.actual?.value) : undefined;
    if (first === undefined) throw error;
    return first;
  }
}

function pemOf(secret: KubernetesObject | undefined): string | undefined {
  const text = (secret as Secret | undefined)?.data?.['sa.key'];
  return text === undefined ? undefined : atob(text);
}

async function importKey(pem: string): Promise<SigningKey> {
  const jose = await import('jose');
  const privateKey = await jose.importPKCS8(pem, ALGORITHM, { extractable: true });
  const { d: _, ...published } = await jose.exportJWK(privateKey);
  const publicKey = (await jose.importJWK({ ...published, alg: ALGORITHM }, ALGORITHM, { extractable: true })) as CryptoKey;
  const id = jose.base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', derOf(await jose.exportSPKI(publicKey)))));
  return { privateKey, publicKey, id, jwk: { use: 'sig', kty: 'EC', kid: id, alg: ALGORITHM, ...cloneJson(published) } };
}

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(pem.replaceAll(/-----[^-]+-----|\s/g, '')), (char) => char.charCodeAt(0));
}
