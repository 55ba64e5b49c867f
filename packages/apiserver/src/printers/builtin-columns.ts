import type { KubernetesObject } from '@kybern/core';
import {
  certificateSigningRequestColumns,
  mutatingPolicyColumns,
  policyBindingColumns,
  roleBindingColumns,
  validatingPolicyColumns,
  webhookColumns,
} from './access.ts';
import { autoscalerColumns, autoscalerV1Columns } from './autoscaling.ts';
import * as cluster from './cluster.ts';
import { nameAndAgeColumns, resourceClaimColumns, resourceSliceColumns } from './devices.ts';
import * as networking from './networking.ts';
import { podColumns } from './pod.ts';
import * as storage from './storage.ts';
import type { Column } from './table.ts';
import * as workloads from './workloads.ts';

// Columns are only ever given objects of their own kind, which the key names.
const COLUMNS: Readonly<Record<string, readonly Column<never>[]>> = {
  'v1/ComponentStatus': cluster.componentStatusColumns,
  'v1/ConfigMap': cluster.configMapColumns,
  'v1/Endpoints': networking.endpointsColumns,
  'v1/Event': cluster.eventColumns,
  'v1/Namespace': cluster.namespaceColumns,
  'v1/Node': cluster.nodeColumns,
  'v1/PersistentVolume': storage.persistentVolumeColumns,
  'v1/PersistentVolumeClaim': storage.persistentVolumeClaimColumns,
  'v1/Pod': podColumns,
  'v1/PodTemplate': workloads.podTemplateColumns,
  'v1/ReplicationController': workloads.replicationControllerColumns,
  'v1/ResourceQuota': cluster.resourceQuotaColumns,
  'v1/Secret': cluster.secretColumns,
  'v1/Service': networking.serviceColumns,
  'v1/ServiceAccount': cluster.serviceAccountColumns,
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy': mutatingPolicyColumns,
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding': policyBindingColumns,
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': webhookColumns,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': validatingPolicyColumns,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': policyBindingColumns,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': webhookColumns,
  'apiregistration.k8s.io/v1/APIService': cluster.apiServiceColumns,
  'apps/v1/ControllerRevision': workloads.controllerRevisionColumns,
  'apps/v1/DaemonSet': workloads.daemonSetColumns,
  'apps/v1/Deployment': workloads.deploymentColumns,
  'apps/v1/ReplicaSet': workloads.replicaSetColumns,
  'apps/v1/StatefulSet': workloads.statefulSetColumns,
  'autoscaling/v1/HorizontalPodAutoscaler': autoscalerV1Columns,
  'autoscaling/v1/Scale': workloads.scaleColumns,
  'autoscaling/v2/HorizontalPodAutoscaler': autoscalerColumns,
  'batch/v1/CronJob': workloads.cronJobColumns,
  'batch/v1/Job': workloads.jobColumns,
  'certificates.k8s.io/v1/CertificateSigningRequest': certificateSigningRequestColumns,
  'coordination.k8s.io/v1/Lease': cluster.leaseColumns,
  'discovery.k8s.io/v1/EndpointSlice': networking.endpointSliceColumns,
  'events.k8s.io/v1/Event': cluster.eventsEventColumns,
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': cluster.flowSchemaColumns,
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': cluster.priorityLevelColumns,
  'networking.k8s.io/v1/IPAddress': networking.ipAddressColumns,
  'networking.k8s.io/v1/Ingress': networking.ingressColumns,
  'networking.k8s.io/v1/IngressClass': networking.ingressClassColumns,
  'networking.k8s.io/v1/NetworkPolicy': networking.networkPolicyColumns,
  'networking.k8s.io/v1/ServiceCIDR': networking.serviceCidrColumns,
  'node.k8s.io/v1/RuntimeClass': cluster.runtimeClassColumns,
  'policy/v1/PodDisruptionBudget': workloads.podDisruptionBudgetColumns,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': roleBindingColumns,
  'rbac.authorization.k8s.io/v1/RoleBinding': roleBindingColumns,
  'resource.k8s.io/v1/DeviceClass': nameAndAgeColumns,
  'resource.k8s.io/v1/ResourceClaim': resourceClaimColumns,
  'resource.k8s.io/v1/ResourceClaimTemplate': nameAndAgeColumns,
  'resource.k8s.io/v1/ResourceSlice': resourceSliceColumns,
  'scheduling.k8s.io/v1/PriorityClass': cluster.priorityClassColumns,
  'storage.k8s.io/v1/CSIDriver': storage.csiDriverColumns,
  'storage.k8s.io/v1/CSINode': storage.csiNodeColumns,
  'storage.k8s.io/v1/CSIStorageCapacity': storage.csiStorageCapacityColumns,
  'storage.k8s.io/v1/StorageClass': storage.storageClassColumns,
  'storage.k8s.io/v1/VolumeAttachment': storage.volumeAttachmentColumns,
  'storage.k8s.io/v1/VolumeAttributesClass': storage.volumeAttributesClassColumns,
};

/** The columns of a kind that Kubernetes gives columns of its own; undefined for all others. */
export function builtinColumns(apiVersion: string, kind: string): readonly Column<KubernetesObject>[] | undefined {
  const key = `${apiVersion}/${kind}`;
  return Object.hasOwn(COLUMNS, key) ? (COLUMNS[key] as readonly Column<KubernetesObject>[]) : undefined;
}
