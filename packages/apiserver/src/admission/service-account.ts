import type { MutableJson } from '@kybern/core';
import type { ServiceAccount } from '@kybern/core/kinds';
import { forbidden } from '../authorization.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** Asked for with this life, a token is good for a year, and warns when it was not renewed. */
const TOKEN_SECONDS = 3607;
/** How often, and after how long, the account that every namespace gets is looked for again. */
const ATTEMPTS = 10;
const RETRY_MS = 150;

/**
 * Runs Pods as the `default` ServiceAccount unless they name another, and mounts a token of it.
 *
 * Differs from Kubernetes: on a server that was not made with `authorization: 'rbac'` the account need not exist, and no token is mounted, since nobody
 * would take it.
 *
 * @see kubernetes v1.36 plugin/pkg/admission/serviceaccount/admission.go
 */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  handles: ({ kind }, operation, subresource) => kind.plural === 'pods' && kind.group === '' && subresource === undefined && operation === 'CREATE',
  mutate(attributes) {
    const { spec, metadata } = attributes.object as MutableJson;
    if (typeof spec !== 'object' || spec === null) return undefined;
    if (metadata.annotations?.[MIRROR] !== undefined) return checkMirror(attributes, spec);
    const name: unknown = spec.serviceAccountName ?? spec.serviceAccount;
    spec.serviceAccountName = name === undefined || name === '' ? 'default' : name;
    // Deprecated twin that Kubernetes keeps in step.
    spec.serviceAccount = spec.serviceAccountName;
    if (attributes.env.podTokens) return useAccount(attributes, spec);
    return undefined;
  },
};

function checkMirror(attributes: AdmissionAttributes, spec: MutableJson): void {
  if ((spec.serviceAccountName ?? '') !== '') throw forbidden(attributes, 'a mirror pod may not reference service accounts');
  const volumes: readonly MutableJson[] = Array.isArray(spec.volumes) ? spec.volumes : [];
  if (volumes.some(({ projected }) => projected?.sources?.some((source: MutableJson) => source.serviceAccountToken !== undefined) === true))
    throw forbidden(attributes, 'a mirror pod may not use ServiceAccountToken volume projections');
}

function useAccount(attributes: AdmissionAttributes, spec: MutableJson): void | Promise<void> {
  const { env, namespace = 'default' } = attributes;
  const name = String(spec.serviceAccountName);
  const account = env.tables.serviceAccounts.get(namespace, name);
  if (account !== undefined) return applyAccount(attributes, account);
  const missing = (): never => {
    throw forbidden(attributes, `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
  };
  if (name !== 'default') return missing();
  return awaitAccount(attributes).then((late) => (late === undefined ? missing() : applyAccount(attributes, late)));
}

/** Every new namespace gets this account soon, from a controller. */
async function awaitAccount({ env, namespace = 'default' }: AdmissionAttributes): Promise<ServiceAccount | undefined> {
  let account: ServiceAccount | undefined;
  for (let attempt = 0; attempt < ATTEMPTS && account === undefined; attempt++) {
    await new Promise<void>((resolve) => env.clock.after(RETRY_MS, resolve));
    account = env.tables.serviceAccounts.get(namespace, 'default');
  }
  return account;
}

function applyAccount(attributes: AdmissionAttributes, account: ServiceAccount): void {
  const { spec } = attributes.object as MutableJson;
  if (wantsToken(spec, account)) mountToken(attributes, spec);
  const { imagePullSecrets = [] } = account;
  if (imagePullSecrets.length > 0 && !(Array.isArray(spec.imagePullSecrets) && spec.imagePullSecrets.length > 0))
    spec.imagePullSecrets = imagePullSecrets.map((secret) => ({ ...secret }));
}

function wantsToken(spec: MutableJson, { automountServiceAccountToken }: ServiceAccount): boolean {
  return (spec.automountServiceAccountToken ?? automountServiceAccountToken ?? true) === true;
}

/** Containers that mount something at that place already are left alone. */
function mountToken({ env }: AdmissionAttributes, spec: MutableJson): void {
  const volumes: readonly MutableJson[] = Array.isArray(spec.volumes) ? spec.volumes : [];
  const present = volumes.find(({ name }) => typeof name === 'string' && name.startsWith(VOLUME_PREFIX));
  const name = (present?.name as string | undefined) ?? `${VOLUME_PREFIX}${env.ids.suffix(5)}`;
  let mounted = false;
  for (const container of [...listOf(spec.initContainers), ...listOf(spec.containers)]) {
    const mounts = listOf(container.volumeMounts);
    if (mounts.some(({ mountPath }) => mountPath === TOKEN_PATH)) continue;
    container.volumeMounts = [...mounts, { name, readOnly: true, mountPath: TOKEN_PATH }];
    mounted = true;
  }
  if (mounted && present === undefined) spec.volumes = [...volumes, tokenVolume(name)];
}

const listOf = (value: unknown): readonly MutableJson[] => (Array.isArray(value) ? (value as MutableJson[]) : []);

/** @see kubernetes v1.36 plugin/pkg/admission/serviceaccount/admission.go (TokenVolumeSource) */
function tokenVolume(name: string): MutableJson {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: 420,
    },
  };
}
