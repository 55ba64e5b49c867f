import type { PolicyRule } from '@kybern/core/kinds';
import { EVENTS, on, onNamed, READ } from './policy-rules.ts';

const STORAGE = 'storage.k8s.io';
const DISCOVERY = 'discovery.k8s.io';
const CERTIFICATES = 'certificates.k8s.io';
const RESOURCE = 'resource.k8s.io';
const APPS = 'apps extensions';
const ALL = 'get list watch create update patch delete';

/**
 * What each controller of Kubernetes v1.36 may do: the ClusterRole `system:controller:<key>`, bound to the ServiceAccount `<key>` of kube-system.
 *
 * @see kubernetes v1.36 plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go (buildControllerRoles)
 */
export function controllerRules(): Readonly<Record<string, readonly PolicyRule[]>> {
  return {
    ...replicaControllers(),
    ...taskControllers(),
    ...networkControllers(),
    ...storageControllers(),
    ...lifecycleControllers(),
    ...certificateControllers(),
  };
}

function replicaControllers(): Record<string, readonly PolicyRule[]> {
  return {
    'daemon-set-controller': [
      on(APPS, 'daemonsets', READ),
      on(APPS, 'daemonsets/status', 'update'),
      on(APPS, 'daemonsets/finalizers', 'update'),
      on('core', 'nodes', 'list watch'),
      on('core', 'pods', 'list watch create delete patch'),
      on('core', 'pods/binding', 'create'),
      on('apps', 'controllerrevisions', ALL),
      EVENTS,
    ],
    'deployment-controller': [
      on(APPS, 'deployments', `${READ} update`),
      on(APPS, 'deployments/status', 'update'),
      on(APPS, 'deployments/finalizers', 'update'),
      on(APPS, 'replicasets', ALL),
      on('core', 'pods', `${READ} update`),
      EVENTS,
    ],
    'replicaset-controller': [
      on(APPS, 'replicasets', `${READ} update`),
      on(APPS, 'replicasets/status', 'update'),
      on(APPS, 'replicasets/finalizers', 'update'),
      on('core', 'pods', 'list watch create delete patch'),
      EVENTS,
    ],
    'replication-controller': [
      on('core', 'replicationcontrollers', `${READ} update`),
      on('core', 'replicationcontrollers/status', 'update'),
      on('core', 'replicationcontrollers/finalizers', 'update'),
      on('core', 'pods', 'list watch create delete patch'),
      EVENTS,
    ],
    'statefulset-controller': [
      on('core', 'pods', 'list watch'),
      on('apps', 'statefulsets', READ),
      on('apps', 'statefulsets/status', 'update'),
      on('apps', 'statefulsets/finalizers', 'update'),
      on('core', 'pods', 'get create delete update patch'),
      on('apps', 'controllerrevisions', ALL),
      on('core', 'persistentvolumeclaims', `${READ} create`),
      on('core', 'persistentvolumeclaims', 'update delete'),
      on('core', 'pods/finalizers', 'update'),
      EVENTS,
    ],
  };
}

function taskControllers(): Record<string, readonly PolicyRule[]> {
  return {
    'cronjob-controller': [
      on('batch', 'cronjobs', `${READ} update`),
      on('batch', 'jobs', ALL),
      on('batch', 'cronjobs/status', 'update'),
      on('batch', 'cronjobs/finalizers', 'update'),
      on('core', 'pods', 'list watch delete'),
      EVENTS,
    ],
    'disruption-controller': [
      on(APPS, 'deployments', READ),
      on(APPS, 'replicasets', READ),
      on('core', 'replicationcontrollers', READ),
      on('policy', 'poddisruptionbudgets', READ),
      on('apps', 'statefulsets', READ),
      on('policy', 'poddisruptionbudgets/status', 'update'),
      on('core', 'pods/status', 'patch update'),
      on('*', '*/scale', 'get'),
      EVENTS,
    ],
    'horizontal-pod-autoscaler': [
      on('autoscaling', 'horizontalpodautoscalers', READ),
      on('autoscaling', 'horizontalpodautoscalers/status', 'update'),
      on('*', '*/scale', 'get update'),
      on('core', 'pods', 'list watch'),
      on('metrics.k8s.io', 'pods', 'list watch'),
      on('custom.metrics.k8s.io', '*', READ),
      on('external.metrics.k8s.io', '*', READ),
      EVENTS,
    ],
    'job-controller': [
      on('batch', 'jobs', `${READ} update patch`),
      on('batch', 'jobs/status', 'update'),
      on('batch', 'jobs/finalizers', 'update'),
      on('core', 'pods', 'list watch create delete patch'),
      EVENTS,
    ],
    'ttl-after-finished-controller': [on('batch', 'jobs', `${READ} delete`), EVENTS],
  };
}

function networkControllers(): Record<string, readonly PolicyRule[]> {
  return {
    'endpoint-controller': [
      on('core', 'pods services', READ),
      on('core', 'endpoints', `${READ} create update delete`),
      on('core', 'endpoints/restricted', 'create'),
      EVENTS,
    ],
    'endpointslice-controller': [
      on('core', 'nodes pods services', READ),
      on('core', 'services/finalizers', 'update'),
      on(DISCOVERY, 'endpointslices', `${READ} create update delete`),
      EVENTS,
    ],
    'endpointslicemirroring-controller': [
      on('core', 'endpoints services', READ),
      on('core', 'services/finalizers', 'update'),
      on('core', 'endpoints/finalizers', 'update'),
      on(DISCOVERY, 'endpointslices', `${READ} create update delete`),
      EVENTS,
    ],
    'route-controller': [on('core', 'nodes', 'list watch'), on('core', 'nodes/status', 'patch'), EVENTS],
    'service-controller': [on('core', 'services', READ), on('core', 'services/status', 'patch update'), on('core', 'nodes', 'list watch'), EVENTS],
    'service-cidrs-controller': [
      on('networking.k8s.io', 'servicecidrs', `${READ} patch update`),
      on('networking.k8s.io', 'servicecidrs/finalizers', 'patch update'),
      on('networking.k8s.io', 'servicecidrs/status', 'patch update'),
      on('networking.k8s.io', 'ipaddresses', READ),
      EVENTS,
    ],
  };
}

function storageControllers(): Record<string, readonly PolicyRule[]> {
  return {
    'attachdetach-controller': [
      on('core', 'persistentvolumeclaims persistentvolumes', 'list watch'),
      on('core', 'nodes', READ),
      on('core', 'nodes/status', 'patch update'),
      on('core', 'pods', 'list watch'),
      EVENTS,
      on(STORAGE, 'volumeattachments', `${READ} create delete`),
      on(STORAGE, 'csidrivers', READ),
      on(STORAGE, 'csinodes', READ),
    ],
    'ephemeral-volume-controller': [
      on('core', 'pods', READ),
      on('core', 'pods/finalizers', 'update'),
      on('core', 'persistentvolumeclaims', `${READ} create`),
      EVENTS,
    ],
    'expand-controller': [
      on('core', 'persistentvolumes', `${READ} patch update`),
      on('core', 'persistentvolumeclaims/status', 'patch update'),
      on('core', 'persistentvolumeclaims', READ),
      EVENTS,
    ],
    'persistent-volume-binder': [
      on('core', 'persistentvolumes', `${READ} update create delete`),
      on('core', 'persistentvolumes/status', 'update'),
      on('core', 'persistentvolumeclaims', `${READ} update`),
      on('core', 'persistentvolumeclaims/status', 'update'),
      on('core', 'pods', `${READ} create delete`),
      on(STORAGE, 'storageclasses', READ),
      on('core', 'nodes', 'list watch'),
      EVENTS,
      on('core', 'events', 'watch'),
    ],
    'pv-protection-controller': [on('core', 'persistentvolumes', `${READ} update`), EVENTS],
    'pvc-protection-controller': [
      on('core', 'persistentvolumeclaims', `${READ} update`),
      on('core', 'persistentvolumeclaims/status', 'update'),
      on('core', 'pods', READ),
      EVENTS,
    ],
    'resource-claim-controller': [
      on('core', 'pods', READ),
      on('core', 'pods/finalizers', 'update'),
      on(RESOURCE, 'resourceclaims', `${READ} create delete`),
      on(RESOURCE, 'resourceclaims resourceclaims/status', 'patch update'),
      on('core', 'pods/status', 'patch update'),
      EVENTS,
      on(RESOURCE, 'resourceclaims/binding', 'patch update'),
    ],
    'device-taint-eviction-controller': [
      on('core', 'pods', `${READ} delete`),
      on('core', 'pods/status', 'patch update'),
      on(RESOURCE, 'deviceclasses resourceclaims resourceslices', READ),
      EVENTS,
    ],
    'selinux-warning-controller': [on('core', 'persistentvolumeclaims persistentvolumes pods', READ), on(STORAGE, 'csidrivers', READ), EVENTS],
    'volumeattributesclass-protection-controller': [
      on('core', 'persistentvolumeclaims persistentvolumes', READ),
      on(STORAGE, 'volumeattributesclasses', `${READ} update`),
      EVENTS,
    ],
  };
}

function lifecycleControllers(): Record<string, readonly PolicyRule[]> {
  return {
    'clusterrole-aggregation-controller': [on('rbac.authorization.k8s.io', 'clusterroles', `${READ} escalate update patch`)],
    'generic-garbage-collector': [on('*', '*', `${READ} patch update delete`), EVENTS],
    'namespace-controller': [
      on('core', 'namespaces', `${READ} delete`),
      on('core', 'namespaces/finalize namespaces/status', 'update'),
      on('*', '*', `${READ} delete deletecollection`),
    ],
    'node-controller': [
      on('core', 'nodes', `${READ} update delete patch`),
      on('core', 'nodes/status', 'patch update'),
      on('core', 'pods/status', 'patch update'),
      on('core', 'pods', 'list watch get delete'),
      EVENTS,
    ],
    'pod-garbage-collector': [on('core', 'pods', 'list watch delete'), on('core', 'nodes', READ), on('core', 'pods/status', 'patch')],
    'resourcequota-controller': [on('*', '*', 'list watch'), on('core', 'resourcequotas/status', 'update'), EVENTS],
    'service-account-controller': [on('core', 'serviceaccounts', 'create'), EVENTS],
    'ttl-controller': [on('core', 'nodes', 'update patch list watch'), EVENTS],
    'validatingadmissionpolicy-status-controller': [
      on('admissionregistration.k8s.io', 'validatingadmissionpolicies', READ),
      on('admissionregistration.k8s.io', 'validatingadmissionpolicies/status', 'get patch update'),
      EVENTS,
    ],
    'legacy-service-account-token-cleaner': [
      onNamed(on('core', 'configmaps', 'get'), 'kube-apiserver-legacy-service-account-token-tracking'),
      on('core', 'secrets', 'delete patch'),
    ],
  };
}

function certificateControllers(): Record<string, readonly PolicyRule[]> {
  return {
    'certificate-controller': [
      on(CERTIFICATES, 'certificatesigningrequests', `${READ} delete`),
      on(CERTIFICATES, 'certificatesigningrequests/approval certificatesigningrequests/status', 'update'),
      onNamed(on(CERTIFICATES, 'signers', 'approve'), 'kubernetes.io/kube-apiserver-client-kubelet'),
      { ...on(CERTIFICATES, 'signers', 'sign'), resourceNames: SIGNERS },
      on('authorization.k8s.io', 'subjectaccessreviews', 'create'),
      EVENTS,
    ],
    'root-ca-cert-publisher': [on('core', 'configmaps', 'create update'), EVENTS],
  };
}

const SIGNERS: readonly string[] = [
  'kubernetes.io/kube-apiserver-client',
  'kubernetes.io/kube-apiserver-client-kubelet',
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/legacy-unknown',
];
