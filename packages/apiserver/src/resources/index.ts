import { groupResource, type Kind, type KubernetesObject, type MutableJson } from '@kybern/core';
import { betaConversionOf } from '../conversion/beta.ts';
import type { Strategy } from '../strategy.ts';
import { customResourceDefinitionStrategy } from '../customresources/definition-strategy.ts';
import { endpointsStrategy, ipAddressStrategy, serviceCidrStrategy } from './addresses.ts';
import { admissionPolicyBindingStrategy, admissionPolicyStrategy, webhookConfigurationStrategy } from './admission-policies.ts';
import { cronJobStrategy, jobStrategy } from './batch.ts';
import { configMapStrategy, secretStrategy } from './config.ts';
import { deviceClassStrategy, resourceClaimStrategy, resourceClaimTemplateStrategy, resourceSliceStrategy } from './devices.ts';
import { eventStrategy, newEventStrategy } from './events.ts';
import { flowSchemaStrategy, priorityLevelStrategy } from './flow-control.ts';
import { namespaceStrategy } from './namespaces.ts';
import { endpointSliceStrategy, ingressClassStrategy, ingressStrategy, networkPolicyStrategy } from './networking.ts';
import { csiNodeStrategy, nodeStrategy } from './nodes.ts';
import { podStrategy } from './pods.ts';
import { horizontalPodAutoscalerStrategy, leaseStrategy, podDisruptionBudgetStrategy, priorityClassStrategy, runtimeClassStrategy } from './policy.ts';
import { limitRangeStrategy, resourceQuotaStrategy } from './quotas.ts';
import { clusterRoleBindingStrategy, clusterRoleStrategy, roleBindingStrategy, roleStrategy } from './rbac.ts';
import {
  localSubjectAccessReviewStrategy,
  selfSubjectAccessReviewStrategy,
  selfSubjectReviewStrategy,
  selfSubjectRulesReviewStrategy,
  subjectAccessReviewStrategy,
  tokenReviewStrategy,
} from './reviews.ts';
import { serviceStrategy } from './services.ts';
import { csiDriverStrategy, csiStorageCapacityStrategy, volumeAttributesClassStrategy } from './storage-drivers.ts';
import { persistentVolumeClaimStrategy, persistentVolumeStrategy, storageClassStrategy, volumeAttachmentStrategy } from './storage.ts';
import {
  controllerRevisionStrategy,
  daemonSetStrategy,
  deploymentStrategy,
  replicaSetStrategy,
  replicationControllerStrategy,
  statefulSetStrategy,
} from './workloads.ts';
import { certificateSigningRequestStrategy, podTemplateStrategy } from './others.ts';

const COUNTED: Strategy = { generation: true };

/** The strategies of the built-in kinds that behave specially, by `plural.group`. */
const STRATEGIES: Readonly<Record<string, Strategy>> = {
  configmaps: configMapStrategy,
  endpoints: endpointsStrategy,
  events: eventStrategy,
  limitranges: limitRangeStrategy,
  namespaces: namespaceStrategy,
  nodes: nodeStrategy,
  persistentvolumeclaims: persistentVolumeClaimStrategy,
  persistentvolumes: persistentVolumeStrategy,
  pods: podStrategy,
  podtemplates: podTemplateStrategy,
  replicationcontrollers: replicationControllerStrategy,
  resourcequotas: resourceQuotaStrategy,
  secrets: secretStrategy,
  services: serviceStrategy,
  'customresourcedefinitions.apiextensions.k8s.io': customResourceDefinitionStrategy,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationStrategy,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationStrategy,
  'mutatingadmissionpolicies.admissionregistration.k8s.io': admissionPolicyStrategy,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': admissionPolicyBindingStrategy,
  'validatingadmissionpolicies.admissionregistration.k8s.io': admissionPolicyStrategy,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': admissionPolicyBindingStrategy,
  'selfsubjectreviews.authentication.k8s.io': selfSubjectReviewStrategy,
  'tokenreviews.authentication.k8s.io': tokenReviewStrategy,
  'localsubjectaccessreviews.authorization.k8s.io': localSubjectAccessReviewStrategy,
  'selfsubjectaccessreviews.authorization.k8s.io': selfSubjectAccessReviewStrategy,
  'selfsubjectrulesreviews.authorization.k8s.io': selfSubjectRulesReviewStrategy,
  'subjectaccessreviews.authorization.k8s.io': subjectAccessReviewStrategy,
  'controllerrevisions.apps': controllerRevisionStrategy,
  'daemonsets.apps': daemonSetStrategy,
  'deployments.apps': deploymentStrategy,
  'replicasets.apps': replicaSetStrategy,
  'statefulsets.apps': statefulSetStrategy,
  'horizontalpodautoscalers.autoscaling': horizontalPodAutoscalerStrategy,
  'cronjobs.batch': cronJobStrategy,
  'jobs.batch': jobStrategy,
  'certificatesigningrequests.certificates.k8s.io': certificateSigningRequestStrategy,
  'leases.coordination.k8s.io': leaseStrategy,
  'endpointslices.discovery.k8s.io': endpointSliceStrategy,
  'events.events.k8s.io': newEventStrategy,
  'flowschemas.flowcontrol.apiserver.k8s.io': flowSchemaStrategy,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': priorityLevelStrategy,
  'ipaddresses.networking.k8s.io': ipAddressStrategy,
  'servicecidrs.networking.k8s.io': serviceCidrStrategy,
  'ingressclasses.networking.k8s.io': ingressClassStrategy,
  'ingresses.networking.k8s.io': ingressStrategy,
  'networkpolicies.networking.k8s.io': networkPolicyStrategy,
  'runtimeclasses.node.k8s.io': runtimeClassStrategy,
  'poddisruptionbudgets.policy': podDisruptionBudgetStrategy,
  'clusterrolebindings.rbac.authorization.k8s.io': clusterRoleBindingStrategy,
  'clusterroles.rbac.authorization.k8s.io': clusterRoleStrategy,
  'rolebindings.rbac.authorization.k8s.io': roleBindingStrategy,
  'roles.rbac.authorization.k8s.io': roleStrategy,
  'deviceclasses.resource.k8s.io': deviceClassStrategy,
  'resourceclaims.resource.k8s.io': resourceClaimStrategy,
  'resourceclaimtemplates.resource.k8s.io': resourceClaimTemplateStrategy,
  'resourceslices.resource.k8s.io': resourceSliceStrategy,
  'priorityclasses.scheduling.k8s.io': priorityClassStrategy,
  'csidrivers.storage.k8s.io': csiDriverStrategy,
  'csistoragecapacities.storage.k8s.io': csiStorageCapacityStrategy,
  'csinodes.storage.k8s.io': csiNodeStrategy,
  'storageclasses.storage.k8s.io': storageClassStrategy,
  'volumeattributesclasses.storage.k8s.io': volumeAttributesClassStrategy,
  'volumeattachments.storage.k8s.io': volumeAttachmentStrategy,
};

/** Groups all of whose kinds count generations. */
const COUNTED_GROUPS: readonly string[] = ['admissionregistration.k8s.io', 'flowcontrol.apiserver.k8s.io', 'resource.k8s.io', 'apiextensions.k8s.io'];
const PLAIN: Strategy = {};
/** Custom resources: always with a generation, updates only against a known resourceVersion. */
const CUSTOM: Strategy = { generation: true, unconditionalUpdate: false, statusUpdatesMetadata: false };

/** What is special about a kind. */
export function strategyFor(kind: Kind, custom: boolean): Strategy {
  if (custom) return CUSTOM;
  const name = groupResource(kind);
  if (Object.hasOwn(STRATEGIES, name)) return inStableShape(kind, STRATEGIES[name] as Strategy);
  return COUNTED_GROUPS.includes(kind.group) ? COUNTED : PLAIN;
}

/** The rules are about objects as they are stored; where a beta version has another shape, they look at that of the stable one. */
function inStableShape(kind: Kind, strategy: Strategy): Strategy {
  if (kind.group !== 'resource.k8s.io' || kind.version !== 'v1beta1') return strategy;
  const { validate, validateUpdate } = strategy;
  const stored = (object: MutableJson): MutableJson => betaConversionOf(kind)?.toStored(object as KubernetesObject) ?? object;
  return {
    ...strategy,
    validate: (object, errors) => validate?.(stored(object), errors),
    validateUpdate: (object, old, errors) => validateUpdate?.(stored(object), stored(old), errors),
  };
}
