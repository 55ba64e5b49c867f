import { formatTime, type Clock, type IdSource, type KubernetesObject } from '@kybern/core';
import type { Secret } from '@kybern/core/kinds';
import { isCompareFailed, type StateStore } from '@kybern/state';
import { createCertificateAuthority, openCertificateAuthority, type CertificateAuthority, type CertifiedKey } from './certificates.ts';

/** Where the authority is kept. */
export interface AuthorityStore {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly ids: IdSource;
}

const NAMESPACE = 'kube-system';
const NAME = 'kybern-certificate-authority';
const KEY = `/registry/core/secrets/${NAMESPACE}/${NAME}`;

/**
 * Reads the cluster's certificate authority from the state, or mints one: kubeconfigs stay good after a restart, and at all servers over one state. Of
 * several servers that mint one at the same time all use the one that came first.
 *
 * Differs from Kubernetes: there the key of the authority lies in a file of whoever set the cluster up.
 */
export async function loadCertificateAuthority(store: AuthorityStore): Promise<CertificateAuthority> {
  const nowMs = store.clock.now();
  const stored = pairOf((await store.state.get(KEY))?.value);
  if (stored !== undefined) return openCertificateAuthority(stored, nowMs);
  const minted = await createCertificateAuthority(nowMs);
  const first = await keep(store, minted);
  return first === undefined ? minted : openCertificateAuthority(first, nowMs);
}

/** Returns the pair that was there first, if another server was faster. */
async function keep({ state, clock, ids }: AuthorityStore, { certificate, key }: CertifiedKey): Promise<CertifiedKey | undefined> {
  const metadata = { name: NAME, namespace: NAMESPACE, uid: ids.uid(), creationTimestamp: formatTime(clock.now()) };
  const value = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data: { 'tls.crt': btoa(certificate), 'tls.key': btoa(key) } };
  try {
    await state.commit([{ key: KEY, value: value as KubernetesObject, expect: 0 }]);
    return undefined;
  } catch (error) {
    const first = isCompareFailed(error) ? pairOf(error.actual?.value) : undefined;
    if (first === undefined) throw error;
    return first;
  }
}

function pairOf(secret: KubernetesObject | undefined): CertifiedKey | undefined {
  const data = (secret as Secret | undefined)?.data;
  const [certificate, key] = [data?.['tls.crt'], data?.['tls.key']];
  return certificate === undefined || key === undefined ? undefined : { certificate: atob(certificate), key: atob(key) };
}
