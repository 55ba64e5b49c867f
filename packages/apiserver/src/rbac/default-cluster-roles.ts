import type { PolicyRule } from '@kybern/core/kinds';
import { EVENTS, on, onNamed, onPaths, READ, READ_WRITE, WRITE } from './policy-rules.ts';

/** A ClusterRole that every cluster has. */
export interface DefaultClusterRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** The role is made of those that say so: `rbac.authorization.k8s.io/aggregate-to-<this>`. */
  readonly aggregates?: 'admin' | 'edit' | 'view';
  /** It becomes a part of that role. */
  readonly aggregateTo?: 'admin' | 'edit' | 'view';
}

const HEALTH = '/healthz /livez /readyz';
const CERTIFICATES = 'certificates.k8s.io';
const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';
const STORAGE = 'storage.k8s.io';
const RESOURCE = 'resource.k8s.io';
const TOKEN_REVIEWS = on(AUTHENTICATION, 'tokenreviews', 'create');
const ACCESS_REVIEWS = on(AUTHORIZATION, 'subjectaccessreviews', 'create');

/**
 * The ClusterRoles of Kubernetes v1.36 for people, nodes and components; those for controllers are in `controller-roles.ts`.
 *
 * @see kubernetes v1.36 plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go (ClusterRoles)
 */
export function defaultClusterRoles(): readonly DefaultClusterRole[] {
  return [...generalRoles(), ...userFacingRoles(), ...nodeRoles(), ...componentRoles(), ...certificateRoles()];
}

function generalRoles(): DefaultClusterRole[] {
  return [
    { name: 'cluster-admin', rules: [on('*', '*', '*'), onPaths('*', '*')] },
    { name: 'system:discovery', rules: [onPaths(`${HEALTH} /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*`)] },
    { name: 'system:monitoring', rules: [onPaths(`/metrics /metrics/slis ${HEALTH} /healthz/* /livez/* /readyz/*`)] },
    {
      name: 'system:basic-user',
      rules: [on(AUTHORIZATION, 'selfsubjectaccessreviews selfsubjectrulesreviews', 'create'), on(AUTHENTICATION, 'selfsubjectreviews', 'create')],
    },
    { name: 'system:public-info-viewer', rules: [onPaths(`${HEALTH} /version /version/`)] },
    {
      name: 'system:service-account-issuer-discovery',
      rules: [onPaths('/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/')],
    },
  ];
}

const APPS = 'daemonsets deployments replicasets statefulsets';
const SCALES = 'deployments/scale replicasets/scale statefulsets/scale';
const EXTENSIONS = 'daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale';
const POD_DOORS = 'pods/attach pods/exec pods/portforward pods/proxy';
const CLAIMS = 'resourceclaims resourceclaimtemplates';

function userFacingRoles(): DefaultClusterRole[] {
  return [
    { name: 'admin', rules: [], aggregates: 'admin' },
    { name: 'edit', rules: [], aggregates: 'edit', aggregateTo: 'admin' },
    { name: 'view', rules: [], aggregates: 'view', aggregateTo: 'edit' },
    {
      name: 'system:aggregate-to-admin',
      aggregateTo: 'admin',
      rules: [on(AUTHORIZATION, 'localsubjectaccessreviews', 'create'), on('rbac.authorization.k8s.io', 'roles rolebindings', READ_WRITE)],
    },
    { name: 'system:aggregate-to-edit', aggregateTo: 'edit', rules: editRules() },
    { name: 'system:aggregate-to-view', aggregateTo: 'view', rules: viewRules() },
  ];
}

function editRules(): PolicyRule[] {
  return [
    on('core', `${POD_DOORS} secrets services/proxy`, READ),
    on('core', 'serviceaccounts', 'impersonate'),
    on('core', `pods ${POD_DOORS}`, WRITE),
    on('core', 'pods/eviction', 'create'),
    on(
      'core',
      'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
      WRITE,
    ),
    on('core', 'serviceaccounts/token', 'create'),
    on('apps', `${APPS} ${SCALES} deployments/rollback`, WRITE),
    on('autoscaling', 'horizontalpodautoscalers', WRITE),
    on('batch', 'cronjobs jobs', WRITE),
    on('extensions', `${EXTENSIONS} deployments/rollback`, WRITE),
    on('policy', 'poddisruptionbudgets', WRITE),
    on('networking.k8s.io', 'ingresses networkpolicies', WRITE),
    on('coordination.k8s.io', 'leases', READ_WRITE),
    on(RESOURCE, CLAIMS, WRITE),
  ];
}

function viewRules(): PolicyRule[] {
  const withStatus = (resources: string): string =>
    resources
      .split(' ')
      .flatMap((resource) => [resource, `${resource}/status`])
      .join(' ');
  return [
    on(
      'core',
      'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
      READ,
    ),
    on('core', 'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status', READ),
    on('core', 'namespaces', READ),
    on('discovery.k8s.io', 'endpointslices', READ),
    on('apps', `controllerrevisions ${withStatus(APPS)} ${SCALES}`, READ),
    on('autoscaling', withStatus('horizontalpodautoscalers'), READ),
    on('batch', withStatus('cronjobs jobs'), READ),
    on('extensions', `${EXTENSIONS} daemonsets/status deployments/status ingresses/status replicasets/status`, READ),
    on('policy', withStatus('poddisruptionbudgets'), READ),
    on('networking.k8s.io', 'ingresses ingresses/status networkpolicies', READ),
    on(RESOURCE, `${CLAIMS} resourceclaims/status`, READ),
  ];
}

function nodeRoles(): DefaultClusterRole[] {
  return [
    { name: 'system:node', rules: nodeRules() },
    { name: 'system:node-problem-detector', rules: [on('core', 'nodes', 'get'), on('core', 'nodes/status', 'patch'), EVENTS] },
    {
      name: 'system:kubelet-api-admin',
      rules: [on('core', 'nodes', `${READ} proxy`), on('core', 'nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats', '*')],
    },
    { name: 'system:node-bootstrapper', rules: [on(CERTIFICATES, 'certificatesigningrequests', `${READ} create`)] },
    {
      name: 'system:node-proxier',
      rules: [
        on('core', 'endpoints services', 'list watch'),
        on('core', 'nodes', READ),
        EVENTS,
        on('discovery.k8s.io', 'endpointslices', 'list watch'),
        on('networking.k8s.io', 'servicecidrs', 'list watch'),
      ],
    },
  ];
}

/** What nodes may do, and the role of that name, which is bound to nobody by default. @see kubernetes v1.36 …/bootstrappolicy/policy.go (NodeRules) */
export function nodeRules(): PolicyRule[] {
  return [
    TOKEN_REVIEWS,
    on(AUTHORIZATION, 'localsubjectaccessreviews subjectaccessreviews', 'create'),
    on('core', 'services', READ),
    on('core', 'nodes', `${READ} create`),
    on('core', 'nodes/status', 'patch update'),
    on('core', 'nodes', 'patch update'),
    on('core', 'events', 'create patch update'),
    on('core', 'pods', READ),
    on('core', 'pods', 'create delete'),
    on('core', 'pods/status', 'patch update'),
    on('core', 'pods/eviction', 'create'),
    on('core', 'configmaps secrets', READ),
    on('core', 'persistentvolumeclaims persistentvolumes', 'get'),
    on('core', 'endpoints', 'get'),
    on(CERTIFICATES, 'certificatesigningrequests', `${READ} create`),
    on('coordination.k8s.io', 'leases', 'get create update patch delete'),
    on(STORAGE, 'volumeattachments', 'get'),
    on('core', 'persistentvolumeclaims/status', 'get patch update'),
    on('core', 'serviceaccounts/token', 'create'),
    on('core', 'serviceaccounts', 'get'),
    on(STORAGE, 'csidrivers', READ),
    on(STORAGE, 'csinodes', 'get create update patch delete'),
    on('node.k8s.io', 'runtimeclasses', READ),
    on(RESOURCE, 'resourceclaims', 'get'),
    on(RESOURCE, 'resourceslices', `${READ} create update patch delete deletecollection`),
    on(CERTIFICATES, 'clustertrustbundles', READ),
    on(CERTIFICATES, 'podcertificaterequests', `${READ} create`),
  ];
}

function componentRoles(): DefaultClusterRole[] {
  return [
    { name: 'system:auth-delegator', rules: [TOKEN_REVIEWS, ACCESS_REVIEWS] },
    { name: 'system:heapster', rules: [on('core', 'events namespaces nodes pods', READ), on('extensions', 'deployments', READ)] },
    { name: 'system:kube-aggregator', rules: [on('core', 'endpoints services', READ)] },
    { name: 'system:kube-controller-manager', rules: controllerManagerRules() },
    { name: 'system:kube-dns', rules: [on('core', 'endpoints services', 'list watch')] },
    {
      name: 'system:persistent-volume-provisioner',
      rules: [
        on('core', 'persistentvolumes', `${READ} create delete`),
        on('core', 'persistentvolumeclaims', `${READ} update`),
        on(STORAGE, 'storageclasses', READ),
        on('core', 'events', 'watch'),
        EVENTS,
      ],
    },
    { name: 'system:kube-scheduler', rules: schedulerRules() },
    {
      name: 'system:volume-scheduler',
      rules: [
        on('core', 'persistentvolumes', `${READ} patch update`),
        on(STORAGE, 'storageclasses', READ),
        on('core', 'persistentvolumeclaims', `${READ} patch update`),
      ],
    },
  ];
}

/** What a component needs to elect its leader. */
function leaderRules(name: string): PolicyRule[] {
  return [on('coordination.k8s.io', 'leases', 'create list watch'), onNamed(on('coordination.k8s.io', 'leases', 'get update'), name)];
}

function controllerManagerRules(): PolicyRule[] {
  return [
    EVENTS,
    ...leaderRules('kube-controller-manager'),
    on('coordination.k8s.io', 'leasecandidates', `${READ_WRITE}`),
    on('core', 'secrets serviceaccounts', 'create'),
    on('core', 'secrets', 'delete'),
    on('core', 'configmaps namespaces secrets serviceaccounts', 'get'),
    on('core', 'secrets serviceaccounts', 'update'),
    TOKEN_REVIEWS,
    ACCESS_REVIEWS,
    on('*', '*', 'list watch'),
    on('core', 'serviceaccounts/token', 'create'),
  ];
}

function schedulerRules(): PolicyRule[] {
  return [
    EVENTS,
    ...leaderRules('kube-scheduler'),
    on('coordination.k8s.io', 'leasecandidates', `${READ_WRITE}`),
    on('core', 'nodes', READ),
    on('core', 'pods', `${READ} delete`),
    on('core', 'bindings pods/binding', 'create'),
    on('core', 'pods/status', 'patch update'),
    on('core', 'replicationcontrollers services', READ),
    on('apps extensions', 'replicasets', READ),
    on('apps', 'statefulsets', READ),
    on('policy', 'poddisruptionbudgets', READ),
    on('core', 'persistentvolumeclaims persistentvolumes', READ),
    TOKEN_REVIEWS,
    ACCESS_REVIEWS,
    on(STORAGE, 'csinodes', READ),
    on('core', 'namespaces', READ),
    on(STORAGE, 'csidrivers', READ),
    on(STORAGE, 'csistoragecapacities', READ),
    on(STORAGE, 'volumeattachments', READ),
    on(RESOURCE, 'deviceclasses resourceslices', READ),
    on(RESOURCE, 'resourceclaims resourceclaims/status', `${READ} patch update`),
    on(RESOURCE, 'resourceclaims/binding', 'patch update'),
    on('core', 'pods/finalizers', `${READ} patch update`),
  ];
}

function certificateRoles(): DefaultClusterRole[] {
  const client = (name: string): DefaultClusterRole => ({
    name: `system:certificates.k8s.io:certificatesigningrequests:${name}`,
    rules: [on(CERTIFICATES, `certificatesigningrequests/${name}`, 'create')],
  });
  const approver = (name: string, signer: string): DefaultClusterRole => ({
    name: `system:certificates.k8s.io:${name}`,
    rules: [onNamed(on(CERTIFICATES, 'signers', 'approve'), `kubernetes.io/${signer}`)],
  });
  return [
    client('nodeclient'),
    client('selfnodeclient'),
    approver('kube-apiserver-client-approver', 'kube-apiserver-client'),
    approver('kube-apiserver-client-kubelet-approver', 'kube-apiserver-client-kubelet'),
    approver('kubelet-serving-approver', 'kubelet-serving'),
    approver('legacy-unknown-approver', 'legacy-unknown'),
  ];
}
