import type { KubernetesObject } from '@kybern/core';
import type { PolicyRule, Subject } from '@kybern/core/kinds';
import { controllerRules } from './controller-roles.ts';
import { defaultClusterRoles, type DefaultClusterRole } from './default-cluster-roles.ts';
import { EVENTS, on, onNamed, READ } from './policy-rules.ts';

/** One object of the default policy, with the key under which it is stored. */
export interface PolicyObject {
  readonly key: string;
  readonly object: KubernetesObject;
}

const GROUP = 'rbac.authorization.k8s.io';
const API_VERSION = `${GROUP}/v1`;
const PREFIX = `/registry/${GROUP}/`;
/** Objects that say `"false"` here stay as they are. */
export const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

/**
 * The roles and bindings that every cluster has, without uid and times. Made anew by each call: nothing of it is kept in memory.
 *
 * @see kubernetes v1.36 plugin/pkg/auth/authorizer/rbac/bootstrappolicy
 */
export function defaultPolicy(): readonly PolicyObject[] {
  const roles = defaultClusterRoles();
  const controllers = Object.entries(controllerRules()).map(([name, rules]) => ({ name: `${CONTROLLER}${name}`, rules }));
  return [
    ...roles.map((role) => clusterRole(role, roles)),
    ...controllers.map((role) => clusterRole(role, roles)),
    ...clusterBindings().map(([name, subjects]) => clusterRoleBinding(name, subjects)),
    ...controllers.map(({ name }) => clusterRoleBinding(name, [serviceAccount(name.slice(CONTROLLER.length))])),
    ...namespacedPolicy(),
  ];
}

const CONTROLLER = 'system:controller:';

function metadata(name: string, { namespace, labels }: { namespace?: string; labels?: Record<string, string> } = {}): KubernetesObject['metadata'] {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [AUTOUPDATE]: 'true' },
  };
}

function clusterRole({ name, rules, aggregates, aggregateTo }: DefaultClusterRole, all: readonly DefaultClusterRole[]): PolicyObject {
  const labels = aggregateTo === undefined ? {} : { labels: { [aggregationLabel(aggregateTo)]: 'true' } };
  const rule = aggregates === undefined ? {} : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregationLabel(aggregates)]: 'true' } }] } };
  const object = {
    ...rule,
    apiVersion: API_VERSION,
    kind: 'ClusterRole',
    metadata: metadata(name, labels),
    rules: aggregates === undefined ? rules : aggregated(aggregates, all),
  };
  return { key: `${PREFIX}clusterroles/${name}`, object: object as KubernetesObject };
}

function aggregationLabel(to: string): string {
  return `${GROUP}/aggregate-to-${to}`;
}

/** What the aggregation controller will make of it, so that the role is right from the start. */
function aggregated(to: string, all: readonly DefaultClusterRole[]): readonly PolicyRule[] {
  return all
    .filter(({ aggregateTo }) => aggregateTo === to)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((role) => (role.aggregates === undefined ? role.rules : aggregated(role.aggregates, all)));
}

const user = (name: string): Subject => ({ kind: 'User', apiGroup: GROUP, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: GROUP, name });
const serviceAccount = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

/** Each to the ClusterRole of its name. @see kubernetes v1.36 …/bootstrappolicy/policy.go (ClusterRoleBindings) */
function clusterBindings(): [string, Subject[]][] {
  return [
    ['cluster-admin', [group('system:masters')]],
    ['system:monitoring', [group('system:monitoring')]],
    ['system:discovery', [group('system:authenticated')]],
    ['system:basic-user', [group('system:authenticated')]],
    ['system:public-info-viewer', [group('system:authenticated'), group('system:unauthenticated')]],
    ['system:node-proxier', [user('system:kube-proxy')]],
    ['system:kube-controller-manager', [user('system:kube-controller-manager')]],
    ['system:kube-dns', [serviceAccount('kube-dns')]],
    ['system:kube-scheduler', [user('system:kube-scheduler')]],
    ['system:volume-scheduler', [user('system:kube-scheduler')]],
    ['system:service-account-issuer-discovery', [group('system:serviceaccounts')]],
    // Nobody: nodes are not to have the rights to all objects that the role gives, but those to their own, from an authorizer for nodes.
    ['system:node', []],
  ];
}

function clusterRoleBinding(name: string, subjects: readonly Subject[]): PolicyObject {
  const object = {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
    subjects,
  };
  return { key: `${PREFIX}clusterrolebindings/${name}`, object: object as KubernetesObject };
}

/** @see kubernetes v1.36 …/bootstrappolicy/namespace_policy.go */
function namespacedPolicy(): PolicyObject[] {
  const system = 'kube-system';
  const authentication = 'extension-apiserver-authentication-reader';
  const leader = (name: string, accounts: readonly string[] = [name]): PolicyObject[] => {
    const role = `system::leader-locking-${name}`;
    const lock = (resource: string): PolicyRule => on('coordination.k8s.io', resource, `${READ} create update`);
    return [
      namespacedRole(system, role, [lock('leases'), lock('leasecandidates')]),
      namespacedBinding(system, role, [user(`system:${name}`), ...accounts.map(serviceAccount)]),
    ];
  };
  const controller = (namespace: string, name: string, rules: readonly PolicyRule[]): PolicyObject[] => [
    namespacedRole(namespace, CONTROLLER + name, rules),
    namespacedBinding(namespace, CONTROLLER + name, [serviceAccount(name)]),
  ];
  return [
    namespacedRole(system, authentication, [onNamed(on('core', 'configmaps', READ), 'extension-apiserver-authentication')]),
    namespacedBinding(system, `system::${authentication}`, [user('system:kube-controller-manager'), user('system:kube-scheduler')], authentication),
    ...leader('kube-controller-manager', ['kube-controller-manager', 'leader-election-controller']),
    ...leader('kube-scheduler'),
    ...controller(system, 'bootstrap-signer', [on('core', 'secrets', READ)]),
    ...controller(system, 'cloud-provider', [on('core', 'configmaps', `${READ} create`)]),
    ...controller(system, 'token-cleaner', [on('core', 'secrets', `${READ} delete`), EVENTS]),
    ...controller('kube-public', 'bootstrap-signer', [on('core', 'configmaps', READ), onNamed(on('core', 'configmaps', 'update'), 'cluster-info'), EVENTS]),
  ];
}

function namespacedRole(namespace: string, name: string, rules: readonly PolicyRule[]): PolicyObject {
  const object = { apiVersion: API_VERSION, kind: 'Role', metadata: metadata(name, { namespace }), rules };
  return { key: `${PREFIX}roles/${namespace}/${name}`, object: object as KubernetesObject };
}

function namespacedBinding(namespace: string, name: string, subjects: readonly Subject[], role: string = name): PolicyObject {
  const roleRef = { apiGroup: GROUP, kind: 'Role', name: role };
  const object = { apiVersion: API_VERSION, kind: 'RoleBinding', metadata: metadata(name, { namespace }), roleRef, subjects };
  return { key: `${PREFIX}rolebindings/${namespace}/${name}`, object: object as KubernetesObject };
}
