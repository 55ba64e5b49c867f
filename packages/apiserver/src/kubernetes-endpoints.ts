import { formatTime, type KubernetesObject } from '@kybern/core';
import { parseIp } from '@kybern/netmodel/addresses';
import { isCompareFailed } from '@kybern/state';
import type { Environment } from './environment.ts';

/** Where the EndpointSlice of the servers is stored. */
export const SLICE_KEY: string = '/registry/discovery.k8s.io/endpointslices/default/kubernetes';
/** Where their Endpoints are stored. */
export const ENDPOINTS_KEY: string = '/registry/core/endpoints/default/kubernetes';
/** Where it is stored what they trust. */
export const AUTHENTICATION_KEY: string = '/registry/core/configmaps/kube-system/extension-apiserver-authentication';
/** How often other servers over the same store may be first. */
const MAX_ATTEMPTS = 100;

/** What servers behind this one need to know to trust it. @see kubernetes v1.36 pkg/controlplane/controller/clusterauthenticationtrust */
export function authenticationConfig(clientCa?: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    ...(clientCa === undefined ? {} : { data: { 'client-ca-file': clientCa } }),
  } as KubernetesObject;
}

/** Where the servers of a cluster are, as an EndpointSlice. @see kubernetes v1.36 pkg/controlplane/reconcilers/endpointsadapter.go */
export function kubernetesSlice(family: string, addresses: readonly string[], port: number): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' }, generation: 1 },
    addressType: family,
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  } as unknown as KubernetesObject;
}

/** The same as Endpoints, which older clients read. */
export function kubernetesEndpoints(addresses: readonly string[], port: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    ...(addresses.length === 0 ? {} : { subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }] }),
  } as unknown as KubernetesObject;
}

/** Where one server can be reached. */
export interface PublishedAddress {
  /** `https://host:port`. */
  readonly url: string;
  /** PEM of the authority of client certificates. */
  readonly certificateAuthority: string;
}

/** Writes down where this server is, for Pods that ask for the Service `kubernetes`. Servers over one store stand beside each other. */
export async function publishAddress(env: Environment, { url, certificateAuthority }: PublishedAddress): Promise<void> {
  const { hostname, port: written } = new URL(url);
  // A URL leaves the usual port out.
  const port = written === '' ? 443 : Number(written);
  const host = hostname.replaceAll(/[[\]]/g, '');
  const family = parseIp(host)?.family;
  await replace(env, AUTHENTICATION_KEY, () => authenticationConfig(certificateAuthority));
  if (family === undefined) return;
  const others = (object: KubernetesObject | undefined): readonly string[] =>
    env.state.shared === true ? addressesOf(object).filter((address) => parseIp(address)?.family === family && address !== host) : [];
  await replace(env, SLICE_KEY, (old) => kubernetesSlice(family, [...others(old), host], port));
  const slice = (await env.state.get(SLICE_KEY))?.value;
  await replace(env, ENDPOINTS_KEY, () => kubernetesEndpoints(addressesOf(slice), port));
}

function addressesOf(slice: KubernetesObject | undefined): readonly string[] {
  const { endpoints = [] } = (slice ?? {}) as { readonly endpoints?: readonly { readonly addresses: readonly string[] }[] };
  return endpoints.flatMap(({ addresses }) => addresses);
}

async function replace({ state, clock, ids }: Environment, key: string, make: (old: KubernetesObject | undefined) => KubernetesObject): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const record = await state.get(key);
    const object = make(record?.value);
    const { uid = ids.uid(), creationTimestamp = formatTime(clock.now()) } = record?.value.metadata ?? {};
    try {
      await state.commit([{ key, value: { ...object, metadata: { ...object.metadata, uid, creationTimestamp } }, expect: record?.modRevision ?? 0 }]);
      return;
    } catch (error) {
      if (!isCompareFailed(error) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}
