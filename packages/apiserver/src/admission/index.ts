import type { AdmissionPlugin } from './admission.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';

/** The admission chain in Kubernetes' order. @see kubernetes v1.36 pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins) */
export function defaultAdmission(): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle,
    limitRanger,
    serviceAccount,
    priority,
    defaultTolerationSeconds,
    defaultStorageClass,
    runtimeClass,
    defaultIngressClass,
    resourceQuota,
  ];
}
