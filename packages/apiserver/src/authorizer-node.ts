import type { KubernetesObject } from '@kybern/core';
import type { Container, Pod, Volume } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from './authorization.ts';
import { followStore } from './follow-store.ts';
import { loadNodeRole, type RoleCheck } from './rbac/node-role.ts';
import type { UserInfo } from './request.ts';

/** The name of the node that a user is, if it is one. @see kubernetes v1.36 pkg/auth/nodeidentifier/default.go */
export function nodeNameOf({ username, groups }: UserInfo): string | undefined {
  const prefix = 'system:node:';
  if (!username.startsWith(prefix) || groups?.includes('system:nodes') !== true) return undefined;
  return username.slice(prefix.length);
}

const ALLOW: AuthorizationDecision = Object.freeze({ decision: 'Allow' });
const NO_OPINION: AuthorizationDecision = Object.freeze({ decision: 'NoOpinion' });
const READS: readonly string[] = ['get', 'list', 'watch'];
const POD_PREFIX = '/registry/core/pods/';

/** What is known of the Pods of nodes; it follows the store from the first question on. */
interface NodePods {
  /** Whether a Pod on `node` uses the object: `secrets/default/keys`. */
  uses(node: string, reference: string): boolean;
  close(): void;
}

/** An authorizer that lets go of the store. */
export interface NodeAuthorizer extends Authorizer {
  close(): void;
}

/**
 * Lets nodes do what a kubelet does, for itself and its own Pods: of Secrets, ConfigMaps, claims, volumes and ServiceAccounts it sees what they use.
 * Of everybody else it has no opinion.
 *
 * @see kubernetes v1.36 plugin/pkg/auth/authorizer/node/node_authorizer.go
 */
export function createNodeAuthorizer(state: StateStore): NodeAuthorizer {
  const pods = createNodePods(state);
  let check: RoleCheck | undefined;
  const byRole = (attributes: AuthorizationAttributes): AuthorizationDecision | Promise<AuthorizationDecision> => {
    if (check !== undefined) return check(attributes) ? ALLOW : NO_OPINION;
    return loadNodeRole().then((loaded) => ((check = loaded)(attributes) ? ALLOW : NO_OPINION));
  };
  return {
    authorize(attributes) {
      const node = nodeNameOf(attributes.user);
      if (node === undefined || attributes.path !== undefined) return NO_OPINION;
      const related = relation(attributes, { node, pods, state });
      if (related === 'rules') return byRole(attributes);
      return related ? byRole(attributes) : { decision: 'NoOpinion', reason: `no relationship found between node '${node}' and this object` };
    },
    close: () => pods.close(),
  };
}

/** @returns `rules` when it does not matter which object it is */
function relation(
  { group, resource, subresource, verb, namespace = '', name }: AuthorizationAttributes,
  { node, pods, state }: { readonly node: string; readonly pods: NodePods; readonly state: StateStore },
): boolean | 'rules' {
  switch (group === '' ? resource : `${resource}.${group}`) {
    case 'pods':
      if (subresource !== 'eviction') return 'rules';
      return name !== undefined && specOf(state, `${POD_PREFIX}${namespace}/${name}`)['nodeName'] === node;
    case 'secrets':
    case 'configmaps':
      return READS.includes(verb) && name !== undefined && pods.uses(node, `${resource}/${namespace}/${name}`);
    case 'persistentvolumeclaims':
      return name !== undefined && pods.uses(node, `persistentvolumeclaims/${namespace}/${name}`);
    case 'persistentvolumes':
      return verb === 'get' && name !== undefined && usesVolume(name, { node, pods, state });
    case 'serviceaccounts':
      return name !== undefined && isOfAccount(verb, subresource) && pods.uses(node, `serviceaccounts/${namespace}/${name}`);
    case 'volumeattachments.storage.k8s.io':
      return name !== undefined && specOf(state, `/registry/storage.k8s.io/volumeattachments/${name}`)['nodeName'] === node;
    case 'leases.coordination.k8s.io':
      return namespace === 'kube-node-lease' && (verb === 'create' || name === node);
    case 'csinodes.storage.k8s.io':
      return verb === 'create' || name === node;
    default:
      return 'rules';
  }
}

/** A node reads accounts and asks for tokens of them. */
function isOfAccount(verb: string, subresource: string | undefined): boolean {
  return verb === (subresource === 'token' ? 'create' : 'get');
}

function usesVolume(name: string, { node, pods, state }: { readonly node: string; readonly pods: NodePods; readonly state: StateStore }): boolean {
  const claim = specOf(state, `/registry/core/persistentvolumes/${name}`)['claimRef'] as { readonly namespace?: string; readonly name?: string } | undefined;
  return claim !== undefined && pods.uses(node, `persistentvolumeclaims/${claim.namespace ?? ''}/${claim.name ?? ''}`);
}

function specOf(state: StateStore, key: string): Readonly<Record<string, unknown>> {
  const value = state.snapshot().get(key)?.value as { readonly spec?: Readonly<Record<string, unknown>> } | undefined;
  return value?.spec ?? {};
}

function createNodePods(state: StateStore): NodePods {
  /** Node → key of a Pod on it → what it uses. */
  const byNode = new Map<string, Map<string, ReadonlySet<string>>>();
  const nodeOfPod = new Map<string, string>();
  const forget = (key: string): void => {
    const node = nodeOfPod.get(key);
    if (node === undefined) return;
    nodeOfPod.delete(key);
    const there = byNode.get(node);
    there?.delete(key);
    if (there?.size === 0) byNode.delete(node);
  };
  const followed = followStore(state, POD_PREFIX, {
    reset() {
      byNode.clear();
      nodeOfPod.clear();
    },
    apply(key, value) {
      const node = (value as Pod | undefined)?.spec.nodeName ?? '';
      // Statuses change often; what a Pod uses does not.
      if (node !== '' && nodeOfPod.get(key) === node) return;
      forget(key);
      if (value === undefined || node === '') return;
      nodeOfPod.set(key, node);
      let there = byNode.get(node);
      if (there === undefined) byNode.set(node, (there = new Map()));
      there.set(key, referencesOf(value as Pod));
    },
  });
  return {
    uses(node, reference) {
      followed.catchUp();
      for (const references of byNode.get(node)?.values() ?? []) if (references.has(reference)) return true;
      return false;
    },
    close: () => followed.close(),
  };
}

/** Notes that an object of a resource is used, if it has a name. */
type Note = (resource: 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts', name: string | undefined) => void;

/** Everything in its namespace that a Pod uses. @see kubernetes v1.36 plugin/pkg/auth/authorizer/node/graph.go (AddPod) */
function referencesOf(pod: Pod): ReadonlySet<string> {
  const found = new Set<string>();
  const { namespace = '', annotations } = pod.metadata;
  // Pods of the node itself give it no rights to what others keep.
  if (annotations?.['kubernetes.io/config.mirror'] !== undefined) return found;
  const note: Note = (resource, name = '') => {
    if (name !== '') found.add(`${resource}/${namespace}/${name}`);
  };
  const { spec } = pod;
  note('serviceaccounts', spec.serviceAccountName ?? 'default');
  for (const { name } of spec.imagePullSecrets ?? []) note('secrets', name);
  for (const container of [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) noteEnvironment(container, note);
  for (const volume of spec.volumes ?? []) noteVolume(volume, pod.metadata.name, note);
  return found;
}

function noteEnvironment({ env = [], envFrom = [] }: Pick<Container, 'env' | 'envFrom'>, note: Note): void {
  for (const { valueFrom } of env) {
    note('secrets', valueFrom?.secretKeyRef?.name);
    note('configmaps', valueFrom?.configMapKeyRef?.name);
  }
  for (const { secretRef, configMapRef } of envFrom) {
    note('secrets', secretRef?.name);
    note('configmaps', configMapRef?.name);
  }
}

function noteVolume(volume: Volume, pod: string, note: Note): void {
  note('secrets', volume.secret?.secretName);
  note('configmaps', volume.configMap?.name);
  note('secrets', volume.csi?.nodePublishSecretRef?.name);
  note('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral !== undefined) note('persistentvolumeclaims', `${pod}-${volume.name}`);
  for (const { secret, configMap } of volume.projected?.sources ?? []) {
    note('secrets', secret?.name);
    note('configmaps', configMap?.name);
  }
  // Many sources have a Secret of that name.
  for (const source of Object.values(volume) as readonly unknown[])
    if (typeof source === 'object') note('secrets', (source as { readonly secretRef?: { readonly name?: string } }).secretRef?.name);
}

/** Whether an object is a Pod on `node`. */
export function isOnNode(object: KubernetesObject | undefined, node: string): boolean {
  return (object as Pod | undefined)?.spec.nodeName === node;
}
