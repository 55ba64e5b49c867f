import { groupResource, type Kind } from '@kybern/core';
import type { Strategy } from '../strategy.ts';
import { cronJobStrategy, jobStrategy } from './batch.ts';
import { configMapStrategy, secretStrategy } from './config.ts';
import { eventStrategy } from './events.ts';
import { namespaceStrategy } from './namespaces.ts';
import { endpointSliceStrategy, ingressClassStrategy, ingressStrategy, networkPolicyStrategy } from './networking.ts';
import { csiNodeStrategy, nodeStrategy } from './nodes.ts';
import { podStrategy } from './pods.ts';
import { horizontalPodAutoscalerStrategy, leaseStrategy, podDisruptionBudgetStrategy, priorityClassStrategy, runtimeClassStrategy } from './policy.ts';
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
  endpoints: { createOnUpdate: true },
  events: eventStrategy,
  namespaces: namespaceStrategy,
  nodes: nodeStrategy,
  persistentvolumeclaims: persistentVolumeClaimStrategy,
  persistentvolumes: persistentVolumeStrategy,
  pods: podStrategy,
  podtemplates: podTemplateStrategy,
  replicationcontrollers: replicationControllerStrategy,
  secrets: secretStrategy,
  services: serviceStrategy,
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
  'events.events.k8s.io': eventStrategy,
  'ingressclasses.networking.k8s.io': ingressClassStrategy,
  'ingresses.networking.k8s.io': ingressStrategy,
  'networkpolicies.networking.k8s.io': networkPolicyStrategy,
  'runtimeclasses.node.k8s.io': runtimeClassStrategy,
  'poddisruptionbudgets.policy': podDisruptionBudgetStrategy,
  'clusterrolebindings.rbac.authorization.k8s.io': clusterRoleBindingStrategy,
  'clusterroles.rbac.authorization.k8s.io': clusterRoleStrategy,
  'rolebindings.rbac.authorization.k8s.io': roleBindingStrategy,
  'roles.rbac.authorization.k8s.io': roleStrategy,
  'priorityclasses.scheduling.k8s.io': priorityClassStrategy,
  'csinodes.storage.k8s.io': csiNodeStrategy,
  'storageclasses.storage.k8s.io': storageClassStrategy,
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
  if (Object.hasOwn(STRATEGIES, name)) return STRATEGIES[name] as Strategy;
  return COUNTED_GROUPS.includes(kind.group) ? COUNTED : PLAIN;
}
